import Cryptography
import TestSupport
import Testing

@testable import Records

/// Every record has one encoding: what decodes, encodes to the same bytes.
struct CanonicalFormTests {
    @Test("What was encoded decodes to the same record, seed 31", arguments: RecordCase.all)
    func roundTrip(record: RecordCase) throws {
        var source = try RecordSource(seed: 31)
        for _ in 0..<150 {
            let encoded = try record.make(&source)
            #expect(try record.reencode(encoded) == encoded)
        }
    }

    @Test("Damaged bytes are refused or mean exactly what they say, seed 32", arguments: RecordCase.all)
    func mutations(record: RecordCase) throws {
        var source = try RecordSource(seed: 32)
        for _ in 0..<400 {
            var bytes = try record.make(&source)
            for _ in 0...source.count(2) { source.damage(&bytes) }
            do {
                #expect(try record.reencode(bytes) == bytes)
            } catch is RecordError {
                continue
            }
        }
    }

    @Test("Random bytes are refused or mean exactly what they say, seed 33", arguments: RecordCase.all)
    func noise(record: RecordCase) throws {
        var source = try RecordSource(seed: 33)
        for _ in 0..<300 {
            let bytes = source.bytes(upTo: 60)
            do {
                #expect(try record.reencode(bytes) == bytes)
            } catch is RecordError {
                continue
            }
        }
    }

    @Test("Row 2: a body truncated at any length is refused or another body, seed 34", arguments: RecordCase.all)
    func truncatedBodies(record: RecordCase) throws {
        var source = try RecordSource(seed: 34)
        let encoded = try record.make(&source)
        for count in 0..<encoded.count {
            let bytes = Array(encoded.prefix(count))
            do {
                #expect(try record.reencode(bytes) == bytes)
            } catch is RecordError {
                continue
            }
        }
    }

    @Test("Unknown optional fields are kept at the top of every body, seed 35", arguments: RecordCase.signed)
    func keepsUnknownFields(record: SignedCase) throws {
        var source = try RecordSource(seed: 35)
        source.addsUnknownFields = false
        let body = try record.record.make(&source)
        // Field 2 belongs between fields 1 and 3, which take 34 and 18 bytes; 200 and 202 come last.
        let widened = body.prefix(34) + [2, 3, 1, 2, 3] + body.dropFirst(34) + [200, 1, 0, 200, 1, 1, 9, 202, 1, 1, 9]
        let object = try record.signBody(Array(widened))
        #expect(try record.open(object, source.key, source.repository) == Array(widened))
    }

    @Test("Unknown critical fields are refused by number, seed 36", arguments: RecordCase.signed)
    func refusesUnknownFields(record: SignedCase) throws {
        var source = try RecordSource(seed: 36)
        source.addsUnknownFields = false
        let body = try record.record.make(&source)
        let error = try recordError { _ = try record.record.reencode(body + [201, 1, 0]) }
        #expect(error.code == .unsupported)
        #expect(error.message.contains("field 201"))
        #expect(error.message.contains(record.kind.name))
    }

    @Test func refusesUnknownCriticalFieldsInNestedRecords() throws {
        var source = try RecordSource(seed: 37)
        source.addsUnknownFields = false
        var box = FieldWriter()
        box.integer(1, 1)
        box.digest(3, try source.digest())
        box.record(5) { recipient in
            recipient.bytes(1, [UInt8](repeating: 1, count: 8))
            recipient.bytes(3, [UInt8](repeating: 1, count: 32))
            recipient.bytes(5, [UInt8](repeating: 1, count: 48))
            recipient.integer(7, 1)
        }
        let error = try recordError { _ = try KeyBox(decoding: box.bytes) }
        #expect(error.code == .unsupported)
        #expect(error.message.contains("the recipient of a key box has field 7"))
    }
}

extension RecordSource {
    /// Changes, removes, adds or repeats bytes at a random place.
    mutating func damage(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        let index = Int.random(in: 0..<bytes.count, using: &random)
        switch count(5) {
        case 0: bytes[index] ^= 1 << UInt8(count(7))
        case 1: bytes[index] = UInt8(truncatingIfNeeded: random.next())
        case 2: bytes.remove(at: index)
        case 3: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: index)
        case 4:
            let end = min(bytes.count, index + 1 + count(40))
            bytes.insert(contentsOf: bytes[index..<end], at: index)
        default: bytes.removeSubrange(index..<min(bytes.count, index + 1 + count(40)))
        }
    }
}
