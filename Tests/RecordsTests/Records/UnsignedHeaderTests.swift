import Cryptography
import TestSupport
import Testing

@testable import Records

struct UnsignedHeaderTests {
    private func format() throws -> [UInt8] {
        try FormatHeader(created: 5, repository: testDigest(1), rootPolicy: testDigest(2)).encodedObject()
    }

    /// A header of version 1 with the given fields after its own, and a right checksum.
    private func format(appending fields: [UInt8], version: UInt64 = 1) throws -> [UInt8] {
        var writer = FieldWriter()
        writer.integer(1, version)
        writer.digest(3, try testDigest(1))
        writer.digest(5, try testDigest(2))
        let body = writer.bytes + fields
        let object = RecordKind.format.magic + [UInt8(body.count), 0, 0, 0] + body
        return object + (try unsafe SHA256.hash(object.span.bytes)).bytes
    }

    @Test("Row 1: each flipped bit of the format header is noticed")
    func flippedFormatBits() throws {
        let object = try format()
        for index in object.indices {
            for bit in 0..<8 {
                var damaged = object
                damaged[index] ^= 1 << UInt8(bit)
                let error = try recordError { _ = try FormatHeader(object: damaged) }
                if index >= 12 { #expect(error.code == .badChecksum) }
            }
        }
    }

    @Test("Row 2: a truncated, lengthened or empty format header is noticed")
    func truncatedFormat() throws {
        let object = try format()
        for count in 0..<object.count {
            #expect(try recordError { _ = try FormatHeader(object: Array(object.prefix(count))) }.code == .malformed)
        }
        #expect(try recordError { _ = try FormatHeader(object: object + [0]) }.code == .malformed)
        let large = RecordKind.format.magic + [UInt8](repeating: 0, count: 65_536)
        #expect(try recordError { _ = try FormatHeader(object: large) }.code == .tooLarge)
    }

    @Test func newerFormatVersionsAndFeaturesAreRefusedByName() throws {
        let version = try recordError { _ = try FormatHeader(object: format(appending: [], version: 2)) }
        #expect(version.code == .unsupported)
        #expect(version.message.contains("newer format, version 2"))
        let feature = try recordError { _ = try FormatHeader(object: format(appending: [7, 5] + Array("delta".utf8))) }
        #expect(feature.code == .unsupported)
        #expect(feature.message.contains("\"delta\""))
        let field = try recordError { _ = try FormatHeader(object: format(appending: [9, 1, 1])) }
        #expect(field.code == .unsupported)
        #expect(field.message.contains("field 9"))
        let kept = try format(appending: [8, 1, 1])
        #expect(try FormatHeader(object: kept).encodedObject() == kept)
    }

    @Test("Row 1: each flipped bit of a pack or slot header changes what the sealed parts are bound to, seed 51")
    func flippedHeaderBits() throws {
        for record in RecordCase.unsigned where record.kind != .format {
            var source = try RecordSource(seed: 51)
            let encoded = try record.make(&source)
            for index in encoded.indices {
                for bit in 0..<8 {
                    var damaged = encoded
                    damaged[index] ^= 1 << UInt8(bit)
                    do {
                        let read = try record.reencode(damaged)
                        #expect(read == damaged && read != encoded)
                    } catch is RecordError {
                        continue
                    }
                }
            }
        }
    }

    @Test("Row 2: a truncated or empty pack header is noticed, seed 52")
    func truncatedPackHeader() throws {
        var source = try RecordSource(seed: 52)
        let prefix = try source.packHeader().encodedPrefix()
        for count in 0..<prefix.count {
            let damaged = Array(prefix.prefix(count))
            #expect(try recordError { _ = try PackHeader(decoding: damaged) }.code == .malformed)
        }
    }

    @Test("Row 2: a truncated, lengthened or empty key slot is noticed, seed 53")
    func truncatedSlot() throws {
        var source = try RecordSource(seed: 53)
        let object = try source.slotHeader().encodedPrefix() + [2, 0, 0, 0, 1, 2]
        for count in 0..<object.count {
            #expect(try recordError { _ = try KeySlotHeader(object: Array(object.prefix(count))) }.code == .malformed)
        }
        #expect(try recordError { _ = try KeySlotHeader(object: object + [0]) }.code == .malformed)
        let large = object + [UInt8](repeating: 0, count: 1 << 20)
        #expect(try recordError { _ = try KeySlotHeader(object: large) }.code == .tooLarge)
        // Only a slot that is sealed to a member may exceed 64 KiB.
        let sealed = [0, 0, 1, 0] + [UInt8](repeating: 0, count: 65_536)
        for kind in 1...4 as ClosedRange<UInt64> {
            var header = try source.slotHeader()
            header.kind = kind
            (header.scryptLog2N, header.scryptR, header.scryptP) = kind == 1 ? (17, 8, 1) : (0, 0, 0)
            header.sealedSecret = [UInt8](repeating: 1, count: kind == 4 ? 80 : 0)
            header.recipient = [UInt8](repeating: 1, count: kind == 4 ? 8 : 0)
            let whole = header.encodedPrefix() + sealed
            if kind == 4 {
                _ = try KeySlotHeader(object: whole)
            } else {
                #expect(try recordError { _ = try KeySlotHeader(object: whole) }.code == .tooLarge)
            }
        }
    }

    @Test func aPackHeaderSaysHowLongItIs() throws {
        var source = try RecordSource(seed: 54)
        let prefix = try source.packHeader().encodedPrefix()
        #expect(try PackHeader.byteCount(fromFirst: Array(prefix.prefix(PackHeader.headByteCount))) == prefix.count)
        #expect(try PackHeader.byteCount(fromFirst: RecordKind.pack.magic + [0, 0, 1, 0]) == 65_548)
        for length in [[1, 0, 1, 0], [0xFF, 0xFF, 0xFF, 0xFF]] as [[UInt8]] {
            let first = RecordKind.pack.magic + length
            #expect(try recordError { _ = try PackHeader.byteCount(fromFirst: first) }.code == .tooLarge)
        }
    }

    @Test func aPackHeaderHoldsAKeyForItsOwnType() throws {
        var source = try RecordSource(seed: 55)
        var header = try source.packHeader()
        header.type = 3 - header.type
        let error = try recordError { _ = try PackHeader(decoding: header.encodedPrefix()) }
        #expect(error.code == .malformed)
        header.type = 3
        header.keyBox.purpose = 3
        #expect(try recordError { _ = try PackHeader(decoding: header.encodedPrefix()) }.code == .unsupported)
    }

    @Test func aKeyBoxHasABoundedNumberOfRecipients() throws {
        let recipient = KeyBoxRecipient(
            recipient: [UInt8](repeating: 1, count: 8),
            encapsulatedKey: [UInt8](repeating: 2, count: 32),
            ciphertext: [UInt8](repeating: 3, count: 48)
        )
        var box = KeyBox(purpose: 1, commitment: try testDigest(1), recipients: Array(repeating: recipient, count: 32))
        #expect(try KeyBox(decoding: box.encoded()) == box)
        box.recipients.append(recipient)
        #expect(try recordError { _ = try KeyBox(decoding: box.encoded()) }.code == .tooLarge)
    }

    @Test(
        "Row 9: scrypt costs outside the bounds are refused",
        arguments: [
            (14, 1, 1, nil), (17, 8, 1, nil), (20, 8, 4, nil), (18, 32, 4, nil), (13, 8, 1, .malformed),
            (0, 8, 1, .malformed), (17, 0, 1, .malformed), (17, 8, 0, .malformed), (21, 8, 1, .tooLarge),
            (30, 1, 1, .tooLarge), (.max, .max, .max, .tooLarge), (17, 33, 1, .tooLarge), (17, 8, 5, .tooLarge),
            (14, 8, 1 << 30, .tooLarge), (20, 9, 1, .tooLarge), (19, 32, 1, .tooLarge),
        ] as [(UInt64, UInt64, UInt64, RecordError.Code?)]
    )
    func scryptBounds(logarithm: UInt64, r: UInt64, p: UInt64, expected: RecordError.Code?) throws {
        let header = KeySlotHeader(
            repository: try testDigest(1),
            label: "",
            kind: 1,
            created: 0,
            suite: .aes256GCM,
            salt: [UInt8](repeating: 1, count: 32),
            scryptLog2N: logarithm,
            scryptR: r,
            scryptP: p,
            commitment: try testDigest(2)
        )
        let object = header.encodedPrefix() + [0, 0, 0, 0]
        if let expected {
            #expect(try recordError { _ = try KeySlotHeader(object: object) }.code == expected)
        } else {
            #expect(try KeySlotHeader(object: object) == header)
        }
    }

    @Test func aSlotHasTheFieldsOfItsKind() throws {
        var header = KeySlotHeader(
            repository: try testDigest(1),
            label: "",
            kind: 2,
            created: 0,
            suite: .aes256GCM,
            salt: [UInt8](repeating: 1, count: 32),
            commitment: try testDigest(2)
        )
        try header.validate()
        header.scryptP = 1
        #expect(try recordError { try header.validate() }.code == .malformed)
        header.scryptP = 0
        header.recipient = [UInt8](repeating: 1, count: 8)
        #expect(try recordError { try header.validate() }.code == .malformed)
        header.kind = 4
        #expect(try recordError { try header.validate() }.code == .malformed)
        header.sealedSecret = [UInt8](repeating: 1, count: 80)
        try header.validate()
        header.kind = 5
        #expect(try recordError { try header.validate() }.code == .unsupported)
    }
}
