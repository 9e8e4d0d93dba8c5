import Cryptography
import Records
import Testing

struct ByteReaderTests {
    @Test func readsLittleEndianIntegersInOrder() throws {
        var reader = ByteReader([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], what: "test")
        #expect(try reader.u8() == 1)
        #expect(try reader.u16() == 0x0302)
        #expect(try reader.u32() == 0x0706_0504)
        #expect(try reader.u64() == 0x0F0E_0D0C_0B0A_0908)
        #expect(reader.remaining == 1)
        #expect(try reader.bytes(1) == [16])
        #expect(reader.isAtEnd)
        try reader.requireEnd()
    }

    @Test func readsPartsOfAnArray() throws {
        let bytes = [9, 9] + [UInt8](repeating: 7, count: 32) + [1, 5, 9]
        var reader = ByteReader(bytes[2..<36], what: "test")
        #expect(try reader.digest() == testDigest(7))
        #expect(try reader.countedBytes() == [5])
        #expect(reader.isAtEnd)
    }

    @Test func refusesWhatIsNotThere() throws {
        let operations: [(inout ByteReader) throws -> Void] = [
            { _ = try $0.u32() }, { _ = try $0.u64() }, { _ = try $0.bytes(4) }, { _ = try $0.bytes(.max) },
            { _ = try $0.bytes(-1) }, { _ = try $0.digest() }, { _ = try $0.countedBytes() },
        ]
        for operation in operations {
            let error = try recordError {
                var reader = ByteReader([200, 1, 3], what: "test")
                try operation(&reader)
            }
            #expect(error.code == .malformed)
            #expect(error.message.contains("the test is truncated"))
        }
    }

    @Test func refusesBytesAfterTheEnd() throws {
        let error = try recordError { try ByteReader([1, 2], what: "test").requireEnd() }
        #expect(error.message == "the test has 2 bytes after its end")
    }
}
