import Cryptography
import Records
import TestSupport
import Testing

struct IdentifierTests {
    @Test func bytesAndDigitsReadBack() throws {
        var random = SeededGenerator(seed: 21)
        for _ in 0..<100 {
            let bytes = random.bytes(16)
            let identifier = try #require(DatasetID(bytes))
            #expect(identifier.bytes == bytes)
            #expect(DatasetID(hex: identifier.hex) == identifier)
            #expect(identifier.description == identifier.hex)
            let incarnation = try #require(Incarnation(Array(bytes.prefix(8))))
            #expect(incarnation.bytes == Array(bytes.prefix(8)))
            #expect(Incarnation(hex: incarnation.hex) == incarnation)
        }
    }

    @Test func ordersAsBytes() throws {
        var random = SeededGenerator(seed: 22)
        for _ in 0..<200 {
            // Few distinct values, so that common prefixes occur.
            let left = random.bytes(16).map { $0 & 1 }
            let right = random.bytes(16).map { $0 & 1 }
            let isBefore = try #require(RunID(left)) < #require(RunID(right))
            #expect(isBefore == left.lexicographicallyPrecedes(right))
        }
    }

    @Test func refusesOtherForms() {
        #expect(MemberID([UInt8](repeating: 0, count: 15)) == nil)
        #expect(MemberID([UInt8](repeating: 0, count: 17)) == nil)
        #expect(MemberID(hex: String(repeating: "A", count: 32)) == nil)
        #expect(MemberID(hex: String(repeating: "g", count: 32)) == nil)
        #expect(MemberID(hex: String(repeating: "0", count: 31)) == nil)
        #expect(Incarnation([1]) == nil)
        #expect(Incarnation(hex: "0123456789ABCDEF") == nil)
        #expect(Incarnation(hex: "0123456789abcdef") != nil)
    }

    @Test func randomOnesDiffer() throws {
        #expect(try RunID.random() != RunID.random())
        #expect(try Incarnation.random() != Incarnation.random())
    }

    @Test func aMemberIsNamedByItsKey() throws {
        // The public key of RFC 8032, section 7.1, test 1; the digits are the head of its SHA-256.
        let key = try #require(Digest(hex: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"))
        #expect(try MemberID(of: VerifyingKey(key)).hex == "21fe31dfa154a261626bf854046fd227")
    }
}
