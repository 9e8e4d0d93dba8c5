import Cryptography
import Foundation
import Records

/// Tries every run of 32 bytes as each of the keys that would open stored packs.
struct KeyHunt {
    /// A way in which some bytes open something.
    enum Hit: Hashable {
        /// They are the content key of this pack.
        case contentKey(pack: String)
        /// They are the key of this pack's frames.
        case packKey(pack: String)
        /// They are the X25519 private key that a content key is sealed to.
        case readerKey
    }

    private struct Pack {
        var name: String
        var suite: CipherSuite
        var start: [UInt8]
        var offset: UInt64
    }

    private var commitments: [Digest: String] = [:]
    private var recipients: Set<[UInt8]> = []
    private var packs: [Pack] = []
    private var tried: Set<Candidate> = []
    /// What has opened something.
    private(set) var hits: Set<Hit> = []
    /// How many different runs were tried.
    var count: Int { tried.count }

    /// 32 bytes.
    private struct Candidate: Hashable {
        var words: SIMD4<UInt64>
    }

    /// Takes packs as a target.
    ///
    /// - Parameter plaintext: how the first frame of each data pack begins, 16 bytes: stored without compression, so that
    ///   a key of frames shows by what it encrypts.
    init(packs paths: [String], plaintext: [UInt8]) throws {
        self.plaintext = plaintext
        for path in paths {
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            let header = try PackHeader(decoding: bytes)
            let name = String(path.split(separator: "/").last ?? "")
            commitments[header.keyBox.commitment] = name
            for recipient in header.keyBox.recipients { recipients.insert(recipient.recipient) }
            let offset = 12 + bytes[8..<12].reversed().reduce(0) { $0 << 8 | Int($1) }
            guard header.type == 1 else { continue }
            packs.append(
                Pack(
                    name: name,
                    suite: header.suite,
                    start: Array(bytes[offset..<(offset + plaintext.count)]),
                    offset: UInt64(offset)
                )
            )
        }
    }

    private let plaintext: [UInt8]

    /// Tries all runs in some bytes.
    mutating func search(_ bytes: [UInt8]) throws {
        guard bytes.count >= 32 else { return }
        // How often each byte occurs in the run, and how many do: 32 random bytes have 24 different ones and more, but
        // for about one in a hundred million, and hardly anything else has.
        var counts = [Int](repeating: 0, count: 256)
        var distinct = 0
        for index in bytes.indices {
            let new = Int(bytes[index])
            if counts[new] == 0 { distinct += 1 }
            counts[new] += 1
            if index >= 32 {
                let old = Int(bytes[index - 32])
                counts[old] -= 1
                if counts[old] == 0 { distinct -= 1 }
            }
            if index >= 31, distinct >= 24 { try tryRun(bytes, at: index - 31) }
        }
    }

    private mutating func tryRun(_ bytes: [UInt8], at start: Int) throws {
        let words = unsafe bytes.withUnsafeBytes { buffer in
            SIMD4<UInt64>(
                unsafe buffer.loadUnaligned(fromByteOffset: start, as: UInt64.self),
                unsafe buffer.loadUnaligned(fromByteOffset: start + 8, as: UInt64.self),
                unsafe buffer.loadUnaligned(fromByteOffset: start + 16, as: UInt64.self),
                unsafe buffer.loadUnaligned(fromByteOffset: start + 24, as: UInt64.self)
            )
        }
        guard tried.insert(Candidate(words: words)).inserted else { return }
        let secret = try unsafe Secret(copying: bytes.span.bytes.extracting(start..<(start + 32)))
        let label = Array("holdfast/v1/content-key/commitment".utf8)
        let commitment = try unsafe HKDF.expand(secret, info: label.span.bytes, count: 32)
        if let digest = commitment.withBytes({ Digest($0) }), let pack = commitments[digest] {
            hits.insert(.contentKey(pack: pack))
        }
        for pack in packs {
            var aead = try AEAD(suite: pack.suite, key: secret)
            let nothing: [UInt8] = []
            let sealed = try unsafe aead.seal(
                plaintext.span.bytes,
                counter: pack.offset,
                associatedData: nothing.span.bytes
            )
            // The ciphertext does not depend on what else is authenticated.
            if sealed.starts(with: pack.start) { hits.insert(.packKey(pack: pack.name)) }
        }
        let key = try AgreementKey(rawRepresentation: secret)
        if recipients.contains(key.publicKey.shortID) { hits.insert(.readerKey) }
    }

    /// Tries all that a file holds, also what its hexadecimal digits stand for.
    mutating func search(file path: String) throws {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        try search(bytes)
        for word in bytes.split(whereSeparator: { !Character(UnicodeScalar($0)).isHexDigit }) where word.count >= 64 {
            for first in [0, 1] {
                let digits = word.dropFirst(first)
                let even = digits.prefix(digits.count & ~1)
                if let decoded = Hex.decode(String(decoding: even, as: UTF8.self)) { try search(decoded) }
            }
        }
    }
}
