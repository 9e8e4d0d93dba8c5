package import Cryptography

/// A slot secret as words that a person can print, read aloud and type (format.md §5.2).
///
/// The encoding of 16 bits as a pronounceable word is that of "A Proposal for Proquints" (Wilkerson, arXiv:0901.4016);
/// two check words find a typing error before any key is tried.
package enum RecoveryWords {
    private static let consonants = Array("bdfghjklmnprstvz".utf8)
    private static let vowels = Array("aiou".utf8)
    /// Words of a kit: 32 bytes of secret and 4 of check.
    package static let count = 18

    /// Spells a 32-byte secret.
    package static func encode(_ secret: borrowing Secret) throws -> [String] {
        let check = try self.check(of: secret)
        return secret.withBytes { bytes in
            (0..<count).map { index in
                func byte(_ position: Int) -> UInt16 {
                    position < 32
                        ? UInt16(unsafe bytes.unsafeLoad(fromByteOffset: position, as: UInt8.self))
                        : UInt16(check[position - 32])
                }
                return word(byte(index * 2) << 8 | byte(index * 2 + 1))
            }
        }
    }

    /// Reads typed words; case, white space and hyphens do not matter.
    ///
    /// - Throws: `RepositoryError.wrongKey` naming the first word that cannot be right, or that the check failed.
    package static func decode(_ text: String) throws -> Secret {
        let words = text.lowercased().split { !$0.isLetter }
        guard words.count == count else {
            throw RepositoryError(.wrongKey, "a recovery kit has \(count) words, these are \(words.count)")
        }
        var values: [UInt8] = []
        values.reserveCapacity(36)
        defer { for index in values.indices { values[index] = 0 } }
        for (index, word) in words.enumerated() {
            guard let value = self.value(of: Array(word.utf8)) else {
                throw RepositoryError(.wrongKey, "word \(index + 1) of the recovery kit, \"\(word)\", is misspelt")
            }
            values.append(UInt8(value >> 8))
            values.append(UInt8(truncatingIfNeeded: value))
        }
        let secret = try unsafe Secret(copying: values.span.bytes.extracting(0..<32))
        let expected = try check(of: secret)
        guard unsafe constantTimeEquals(values.span.bytes.extracting(32..<36), expected.span.bytes) else {
            throw RepositoryError(
                .wrongKey,
                "the recovery words do not pass their check: a word is mistyped or out of order"
            )
        }
        return secret
    }

    private static func check(of secret: borrowing Secret) throws -> [UInt8] {
        var hash = try SHA256()
        try unsafe hash.update(Array("holdfast/v1/recovery\0".utf8).span.bytes)
        try secret.withBytes { bytes throws in try hash.update(bytes) }
        return Array(try hash.finalize().bytes.prefix(4))
    }

    private static func word(_ value: UInt16) -> String {
        let letters = [
            consonants[Int(value >> 12) & 15], vowels[Int(value >> 10) & 3], consonants[Int(value >> 6) & 15],
            vowels[Int(value >> 4) & 3], consonants[Int(value) & 15],
        ]
        return String(decoding: letters, as: UTF8.self)
    }

    private static func value(of word: [UInt8]) -> UInt16? {
        guard word.count == 5, let first = consonants.firstIndex(of: word[0]),
            let second = vowels.firstIndex(of: word[1]),
            let third = consonants.firstIndex(of: word[2]), let fourth = vowels.firstIndex(of: word[3]),
            let fifth = consonants.firstIndex(of: word[4])
        else { return nil }
        return UInt16(first) << 12 | UInt16(second) << 10 | UInt16(third) << 6 | UInt16(fourth) << 4 | UInt16(fifth)
    }
}
