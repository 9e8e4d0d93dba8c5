import Cryptography
import TestSupport
import Testing

@Suite("The chunker's block permutation")
struct BlockPermutationTests {
    struct Vector: Decodable, Sendable {
        let key: HexBytes
        let plaintext: HexBytes
        let ciphertext: HexBytes
    }

    @Test("row 23: AES-128 as in FIPS 197 and SP 800-38A")
    func published() throws {
        for vector in try Fixture<Vector>.cases("aes128") {
            var permutation = try BlockPermutation(key: vector.key.secret())
            var blocks = vector.plaintext.bytes
            try permutation.encrypt(&blocks, count: blocks.count)
            #expect(blocks == vector.ciphertext.bytes)
        }
    }

    @Test("a batch gives what its blocks give one by one, and leaves the rest alone")
    func batches() throws {
        var random = SeededGenerator(seed: 0xECB)
        var permutation = try BlockPermutation(key: random.bytes(16).secret())
        for count in [0, 1, 2, 7, 8, 9, 255, 256, 257, 4096] {
            let blocks = random.bytes(count * 16 + 16)
            var batch = blocks
            try permutation.encrypt(&batch, count: count * 16)
            for index in 0..<count {
                var single = Array(blocks[index * 16..<index * 16 + 16])
                try permutation.encrypt(&single, count: 16)
                #expect(Array(batch[index * 16..<index * 16 + 16]) == single)
            }
            #expect(batch.suffix(16) == blocks.suffix(16))
        }
    }

    @Test("counts that are not whole blocks of the buffer are refused", arguments: [-16, -1, 1, 15, 17, 48, Int.max])
    func counts(count: Int) throws {
        var permutation = try BlockPermutation(key: Secret.random(count: 16))
        var blocks = [UInt8](repeating: 1, count: 32)
        #expect(errorCode { try permutation.encrypt(&blocks, count: count) } == .invalidParameters)
        #expect(blocks == [UInt8](repeating: 1, count: 32))
    }

    @Test("keys of the wrong length are refused", arguments: [0, 15, 17, 24, 32])
    func keyLength(count: Int) throws {
        let key = try Secret.random(count: count)
        #expect(errorCode { _ = try BlockPermutation(key: key) } == .invalidKey)
    }
}
