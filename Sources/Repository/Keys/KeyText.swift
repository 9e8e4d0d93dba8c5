import Cryptography
import Records

/// The text of key files (format.md §5.1): lines of `name: value` in a fixed order, and one that checks them.
///
/// It is read and written within locked memory.
struct KeyText: ~Copyable {
    private let text: Secret
    private let values: [Range<Int>]

    /// Longest text that is read, bytes.
    private static let maximumByteCount = 64 * 1024
    private static let lineFeed = UInt8(ascii: "\n")

    /// Whether the first line that counts has this name: tells kinds of key files apart, and proves nothing.
    static func begins(_ text: borrowing Secret, with name: String) -> Bool {
        guard text.count <= maximumByteCount else { return false }
        return text.withBytes { bytes in
            lines(of: bytes).first.map { value(bytes, $0, name) != nil } ?? false
        }
    }

    /// Reads a text whose lines have these names, and checks it.
    ///
    /// - Throws: `RepositoryError.wrongKey` saying what is wrong, `.unsupported` for another kind than 1.
    init(parsing text: borrowing Secret, names fields: [String]) throws {
        guard text.count <= KeyText.maximumByteCount else {
            throw RepositoryError(.wrongKey, "the key file is larger than 64 KiB: this is not a key file")
        }
        let found = try text.withBytes { bytes throws in try KeyText.values(in: bytes, names: fields + ["check"]) }
        let copy = try text.copy()
        self.text = copy
        values = found
    }

    private static func values(in bytes: RawSpan, names: [String]) throws -> [Range<Int>] {
        var values: [Range<Int>] = []
        var hash = try SHA256()
        for line in lines(of: bytes) {
            guard values.count < names.count else {
                throw RepositoryError(.wrongKey, "the key file has more lines than a key file has")
            }
            guard let value = value(bytes, line, names[values.count]) else {
                throw RepositoryError(
                    .wrongKey,
                    "the key file lacks its line \"\(names[values.count])\" where it belongs"
                )
            }
            values.append(value)
            if values.count < names.count {
                try hash.update(bytes.extracting(line))
                try unsafe hash.update([lineFeed].span.bytes)
            }
        }
        guard values.count == names.count, let check = values.popLast() else {
            throw RepositoryError(
                .wrongKey,
                "the key file ends before its line \"\(names[values.count])\": it is truncated"
            )
        }
        guard bytes.extracting(values[0]).copyBytes() == [UInt8(ascii: "1")] else {
            throw RepositoryError(.unsupported, "the key file is of a newer kind than this version of holdfast reads")
        }
        let expected = Array(try hash.finalize().hex.utf8.prefix(16))
        guard bytes.extracting(check).copyBytes() == expected else {
            throw RepositoryError(.wrongKey, "the key file does not pass its own check: it was altered or damaged")
        }
        return values
    }

    /// The lines that count, without what ends them.
    private static func lines(of bytes: RawSpan) -> [Range<Int>] {
        func byte(_ index: Int) -> UInt8 { unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self) }
        var lines: [Range<Int>] = []
        var start = 0
        while start < bytes.byteCount {
            var end = start
            while end < bytes.byteCount, byte(end) != lineFeed { end += 1 }
            let next = end + 1
            if end > start, byte(end - 1) == UInt8(ascii: "\r") { end -= 1 }
            let isBlank = (start..<end).allSatisfy { byte($0) == 0x20 || byte($0) == 0x09 }
            if !isBlank, byte(start) != UInt8(ascii: "#") { lines.append(start..<end) }
            start = next
        }
        return lines
    }

    /// Where the value of a line lies, if the line has this name.
    private static func value(_ bytes: RawSpan, _ line: Range<Int>, _ name: String) -> Range<Int>? {
        let prefix = Array("\(name): ".utf8)
        guard line.count >= prefix.count else { return nil }
        for (index, expected) in prefix.enumerated() {
            guard unsafe bytes.unsafeLoad(fromByteOffset: line.lowerBound + index, as: UInt8.self) == expected else {
                return nil
            }
        }
        return (line.lowerBound + prefix.count)..<line.upperBound
    }

    /// A value of 64 digits that is not secret.
    func digest(_ index: Int) throws -> Digest {
        let digits = text.withBytes { $0.extracting(values[index]).copyBytes() }
        guard let digest = Digest(hex: String(decoding: digits, as: UTF8.self)) else { throw KeyText.notHex }
        return digest
    }

    /// A secret of 64 digits.
    func secret(_ index: Int) throws -> Secret {
        let range = values[index]
        guard range.count == 64 else { throw KeyText.notHex }
        var isValid = true
        func nibble(_ digit: UInt8) -> UInt8 {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): return digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): return digit - UInt8(ascii: "a") + 10
            default:
                isValid = false
                return 0
            }
        }
        let secret = try text.withBytes { bytes throws in
            try unsafe Secret(count: 32) { target in
                for index in 0..<32 {
                    let place = range.lowerBound + index * 2
                    let high = unsafe nibble(bytes.unsafeLoad(fromByteOffset: place, as: UInt8.self))
                    let low = unsafe nibble(bytes.unsafeLoad(fromByteOffset: place + 1, as: UInt8.self))
                    unsafe target[index] = high << 4 | low
                }
            }
        }
        guard isValid else { throw RepositoryError(.wrongKey, "the secret in the key file is not hexadecimal") }
        return secret
    }

    private static let notHex = RepositoryError(
        .wrongKey,
        "the key file holds something else than 64 hexadecimal digits"
    )

    /// Writes a text: a comment, the lines, the secret behind them, and the check.
    static func write(
        _ comment: String,
        _ fields: [(name: String, value: String)],
        secretName: String,
        _ secret: borrowing Secret
    ) throws -> Secret {
        let head = fields.flatMap { Array("\($0.name): \($0.value)\n".utf8) } + Array("\(secretName): ".utf8)
        let digits = Array("0123456789abcdef".utf8)
        let lines = try secret.withBytes { bytes throws in
            try unsafe Secret(count: head.count + bytes.byteCount * 2 + 1) { target in
                for (index, byte) in head.enumerated() { unsafe target[index] = byte }
                for index in 0..<bytes.byteCount {
                    let byte = unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
                    unsafe target[head.count + index * 2] = digits[Int(byte >> 4)]
                    unsafe target[head.count + index * 2 + 1] = digits[Int(byte & 15)]
                }
                unsafe target[target.count - 1] = lineFeed
            }
        }
        let check = try lines.withBytes { bytes throws in try SHA256.hash(bytes).hex.prefix(16) }
        let (before, after) = (Array("# \(comment)\n".utf8), Array("check: \(check)\n".utf8))
        return try lines.withBytes { bytes throws in
            try unsafe Secret(count: before.count + bytes.byteCount + after.count) { target in
                for (index, byte) in before.enumerated() { unsafe target[index] = byte }
                for index in 0..<bytes.byteCount {
                    unsafe target[before.count + index] = bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
                }
                for (index, byte) in after.enumerated() { unsafe target[before.count + bytes.byteCount + index] = byte }
            }
        }
    }
}
