package import Cryptography
package import Records

/// The text of a key file (format.md §5.1): the secret of one slot, and which slot of which repository it opens.
package struct KeyFile: ~Copyable {
    /// The repository that the key opens.
    package let repository: RepositoryID
    /// The slot's object name.
    package let slot: ObjectHash
    /// The slot secret, 32 bytes.
    package let secret: Secret

    /// Longest text that is read as a key file, bytes.
    package static let maximumByteCount = 64 * 1024

    /// Puts the parts together.
    package init(repository: RepositoryID, slot: ObjectHash, secret: consuming Secret) {
        self.repository = repository
        self.slot = slot
        self.secret = secret
    }

    /// The text to write, with a comment that says what the file is.
    package func text() throws -> Secret {
        let comment = """
            # Holdfast key file. Whoever has it can open the repository named below: keep it secret, keep a copy elsewhere.

            """
        var lines = Array("holdfast-key: 1\nrepository: \(repository.hex)\nslot: \(slot.hex)\nsecret: ".utf8)
        lines += secret.withBytes { Array(Hex.encode($0).utf8) }
        lines.append(UInt8(ascii: "\n"))
        defer { for index in lines.indices { lines[index] = 0 } }
        let check = try unsafe SHA256.hash(lines.span.bytes).hex.prefix(16)
        let head = Array(comment.utf8)
        let tail = Array("check: \(check)\n".utf8)
        return try unsafe Secret(count: head.count + lines.count + tail.count) { target in
            var position = 0
            for byte in head + lines + tail {
                unsafe target[position] = byte
                position += 1
            }
        }
    }

    /// Reads the text of a key file.
    ///
    /// - Throws: `RepositoryError.wrongKey` saying what is wrong with the file; the published example is refused.
    package init(parsing text: borrowing Secret) throws {
        guard text.count <= KeyFile.maximumByteCount else {
            throw RepositoryError(.wrongKey, "the key file is larger than 64 KiB: this is not a key file")
        }
        var bytes = text.withBytes { $0.copyBytes() }
        defer { for index in bytes.indices { bytes[index] = 0 } }
        var values: [ArraySlice<UInt8>] = []
        var checked: [UInt8] = []
        defer { for index in checked.indices { checked[index] = 0 } }
        let names = ["holdfast-key", "repository", "slot", "secret", "check"]
        for line in bytes.split(separator: UInt8(ascii: "\n")) where line.first != UInt8(ascii: "#") {
            let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { continue }
            guard values.count < names.count else {
                throw RepositoryError(.wrongKey, "the key file has more lines than a key file has")
            }
            let prefix = Array("\(names[values.count]): ".utf8)
            guard line.starts(with: prefix) else {
                throw RepositoryError(
                    .wrongKey,
                    "the key file lacks its line \"\(names[values.count])\" where it belongs"
                )
            }
            values.append(line.dropFirst(prefix.count))
            if values.count < names.count {
                checked += line
                checked.append(UInt8(ascii: "\n"))
            }
        }
        guard values.count == names.count else {
            throw RepositoryError(
                .wrongKey,
                "the key file ends before its line \"\(names[values.count])\": it is truncated"
            )
        }
        guard values[0].elementsEqual([UInt8(ascii: "1")]) else {
            throw RepositoryError(.unsupported, "the key file is of a newer kind than this version of holdfast reads")
        }
        let check = try unsafe SHA256.hash(checked.span.bytes).hex.prefix(16)
        guard values[4].elementsEqual(check.utf8) else {
            throw RepositoryError(.wrongKey, "the key file does not pass its own check: it was altered or damaged")
        }
        guard let repository = Digest(hex: String(decoding: values[1], as: UTF8.self)),
            let slot = Digest(hex: String(decoding: values[2], as: UTF8.self)), values[3].count == 64
        else { throw RepositoryError(.wrongKey, "the key file holds something else than 64 hexadecimal digits") }
        let secret = try KeyFile.secret(from: values[3])
        try ExampleSecrets.refuse(secret)
        self.init(repository: repository, slot: slot, secret: secret)
    }

    private static func secret(from digits: ArraySlice<UInt8>) throws -> Secret {
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
        let secret = try unsafe Secret(count: digits.count / 2) { target in
            for index in 0..<(digits.count / 2) {
                let high = nibble(digits[digits.startIndex + index * 2])
                let low = nibble(digits[digits.startIndex + index * 2 + 1])
                unsafe target[index] = high << 4 | low
            }
        }
        guard isValid else { throw RepositoryError(.wrongKey, "the secret in the key file is not hexadecimal") }
        return secret
    }
}
