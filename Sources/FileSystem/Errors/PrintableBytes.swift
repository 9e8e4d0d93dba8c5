/// Turns raw bytes, such as a file name, into text that is safe to print and can be told apart from any other bytes.
///
/// Control characters, characters that change the direction of text, a backslash and whatever is not valid UTF-8
/// become escapes (`\n`, `\t`, `\r`, `\\`, `\xNN` per byte); everything else is printed as it is. So a hostile name
/// can neither move the cursor of a terminal nor start a new line in a log.
package func printable(_ bytes: [UInt8]) -> String {
    var text = ""
    text.reserveCapacity(bytes.count)
    var position = 0
    while position < bytes.count {
        guard let (scalar, length) = scalar(in: bytes, at: position) else {
            text += escape(bytes[position])
            position += 1
            continue
        }
        if let short = shortEscape(scalar) {
            text += short
        } else if isUnsafe(scalar) {
            for byte in bytes[position..<position + length] { text += escape(byte) }
        } else {
            text.unicodeScalars.append(scalar)
        }
        position += length
    }
    return text
}

private func escape(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    return byte < 16 ? "\\x0\(digits)" : "\\x\(digits)"
}

private func shortEscape(_ scalar: Unicode.Scalar) -> String? {
    switch scalar {
    case "\n": "\\n"
    case "\r": "\\r"
    case "\t": "\\t"
    case "\\": "\\\\"
    default: nil
    }
}

/// C0 and C1 controls, and what Unicode uses to reorder or hide text or to end a line.
private func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x00...0x1F, 0x7F...0x9F, 0x061C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF: true
    default: scalar.properties.generalCategory == .unassigned || scalar.properties.generalCategory == .privateUse
    }
}

/// Decodes one scalar of UTF-8, or nothing when the bytes at the position are not the shortest form of one.
private func scalar(in bytes: [UInt8], at position: Int) -> (scalar: Unicode.Scalar, length: Int)? {
    let first = bytes[position]
    if first < 0x80 { return (Unicode.Scalar(first), 1) }
    let length: Int
    let smallest: UInt32
    var value: UInt32
    switch first {
    case 0xC2...0xDF: (length, smallest, value) = (2, 0x80, UInt32(first & 0x1F))
    case 0xE0...0xEF: (length, smallest, value) = (3, 0x800, UInt32(first & 0x0F))
    case 0xF0...0xF4: (length, smallest, value) = (4, 0x10000, UInt32(first & 0x07))
    default: return nil
    }
    guard position + length <= bytes.count else { return nil }
    for byte in bytes[position + 1..<position + length] {
        guard byte & 0xC0 == 0x80 else { return nil }
        value = value << 6 | UInt32(byte & 0x3F)
    }
    guard value >= smallest, let scalar = Unicode.Scalar(value) else { return nil }
    return (scalar, length)
}
