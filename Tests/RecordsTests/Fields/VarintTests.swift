import Records
import TestSupport
import Testing

struct VarintTests {
    @Test(
        arguments: [
            (0, [0x00]), (1, [0x01]), (127, [0x7F]), (128, [0x80, 0x01]), (300, [0xAC, 0x02]), (16_383, [0xFF, 0x7F]),
            (16_384, [0x80, 0x80, 0x01]), (UInt64.max, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]),
        ] as [(UInt64, [UInt8])]
    )
    func unsignedIntegers(value: UInt64, encoding: [UInt8]) throws {
        var bytes: [UInt8] = []
        Varint.append(value, to: &bytes)
        #expect(bytes == encoding)
        #expect(Varint.byteCount(of: value) == encoding.count)
        var reader = ByteReader(encoding, what: "test")
        #expect(try reader.varint() == value)
        #expect(reader.isAtEnd)
    }

    @Test(
        arguments: [(0, [0]), (-1, [1]), (1, [2]), (-2, [3]), (63, [126]), (-64, [127]), (64, [128, 1])]
            as [(Int64, [UInt8])]
    )
    func signedIntegers(value: Int64, encoding: [UInt8]) throws {
        var bytes: [UInt8] = []
        Varint.appendSigned(value, to: &bytes)
        #expect(bytes == encoding)
        var reader = ByteReader(encoding, what: "test")
        #expect(try reader.signedVarint() == value)
    }

    @Test(arguments: [Int64.min, Int64.min + 1, -1, 0, 1, Int64.max])
    func signedExtremes(value: Int64) throws {
        var bytes: [UInt8] = []
        Varint.appendSigned(value, to: &bytes)
        var reader = ByteReader(bytes, what: "test")
        #expect(try reader.signedVarint() == value)
    }

    @Test("Every magnitude reads back, seed 11")
    func magnitudes() throws {
        var random = SeededGenerator(seed: 11)
        for shift in 0..<64 {
            for _ in 0..<50 {
                let value = random.next() >> UInt64(shift)
                var bytes: [UInt8] = []
                Varint.append(value, to: &bytes)
                #expect(bytes.count == Varint.byteCount(of: value))
                var reader = ByteReader(bytes, what: "test")
                #expect(try reader.varint() == value)
            }
        }
    }

    @Test(
        arguments: [
            [0x80, 0x00], [0xFF, 0x80, 0x00], [0x80], [], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02],
            [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
            [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x80, 0x00],
        ] as [[UInt8]]
    )
    func refusesOtherForms(bytes: [UInt8]) throws {
        let error = try recordError {
            var reader = ByteReader(bytes, what: "test")
            _ = try reader.varint()
        }
        #expect(error.code == .malformed)
        #expect(error.message.contains("test"))
    }
}
