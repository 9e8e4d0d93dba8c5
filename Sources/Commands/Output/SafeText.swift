import FileSystem

/// Whether a character moves the cursor, changes the direction of text or hides; all of them lie below U+FFFF.
func isUnsafeOnTerminal(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x00...0x1F, 0x7F...0x9F, 0x061C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF: true
    default: false
    }
}

/// A message with everything escaped that could upset a terminal; line feeds stay.
///
/// Messages quote what others wrote (names, tags, paths), and must not be able to play tricks on whoever reads them.
func terminalSafe(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: { isUnsafeOnTerminal($0) && $0 != "\n" }) else { return text }
    var safe = ""
    for scalar in text.unicodeScalars {
        if isUnsafeOnTerminal(scalar), scalar != "\n" {
            safe += "\\u{\(String(scalar.value, radix: 16))}"
        } else {
            safe.unicodeScalars.append(scalar)
        }
    }
    return safe
}

/// A text of the repository (a host, a tag) as a part of one line.
func safeLine(_ text: String) -> String { printable(Array(text.utf8)) }

extension JSONValue {
    /// A path or name of raw bytes: exact if it is UTF-8, otherwise with escapes as in text output.
    static func path(_ bytes: [UInt8]) -> JSONValue {
        .string(String(validating: bytes, as: UTF8.self) ?? printable(bytes))
    }

    /// Adds a path or name, and, if it is not UTF-8, its exact bytes in base64 under the name with `_base64` behind it.
    mutating func add(_ name: String, path bytes: [UInt8]) {
        add(name, .path(bytes))
        if String(validating: bytes, as: UTF8.self) == nil { add(name + "_base64", .string(base64(bytes))) }
    }
}

/// The bytes in base64 (RFC 4648 §4).
func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    var position = 0
    while position < bytes.count {
        let group = bytes[position..<min(position + 3, bytes.count)]
        var bits: UInt32 = 0
        for byte in group { bits = bits << 8 | UInt32(byte) }
        bits <<= UInt32(8 * (3 - group.count))
        for digit in 0..<4 {
            let isPadding = digit > group.count
            text.append(isPadding ? UInt8(ascii: "=") : alphabet[Int(bits >> UInt32(18 - 6 * digit)) & 63])
        }
        position += 3
    }
    return String(decoding: text, as: UTF8.self)
}
