import Cryptography
import Testing

@testable import Records

struct FieldTests {
    /// Reads all fields, each with the given accessor.
    private func read(_ bytes: [UInt8], repeated: TagSet = [], _ access: (Field) throws -> Void) throws {
        var reader = FieldReader(bytes, what: "test", repeated: repeated)
        while let field = try reader.next() { try access(field) }
    }

    private func refusal(
        _ bytes: [UInt8],
        repeated: TagSet = [],
        _ access: (Field) throws -> Void = { _ in }
    ) throws -> RecordError {
        try recordError { try read(bytes, repeated: repeated, access) }
    }

    @Test func writesEveryTypeOfField() throws {
        var writer = FieldWriter()
        writer.integer(1, 300)
        writer.integer(2, 0)
        writer.signed(3, -2)
        writer.bytes(4, [])
        writer.bytes(5, [8, 9])
        writer.text(6, "ä")
        writer.digest(7, nil)
        writer.record(8) { $0.integer(1, 1) }
        writer.repeatedBytes(9, [[], [1]])
        writer.repeatedText(10, ["", "a"])
        writer.repeatedInteger(11, [0, 1])
        writer.record(12) { _ in }
        writer.raw(200, [])
        #expect(
            writer.bytes == [
                1, 2, 0xAC, 2, 3, 1, 3, 5, 2, 8, 9, 6, 2, 0xC3, 0xA4, 8, 3, 1, 1, 1, 9, 0, 9, 1, 1, 10, 0, 10, 1, 97,
                11, 1, 0, 11, 1, 1, 12, 0, 200, 1, 0,
            ]
        )
    }

    @Test func readsWhatWasWritten() throws {
        var writer = FieldWriter()
        writer.integer(1, .max)
        writer.signed(2, .min)
        writer.digest(3, try testDigest(5))
        writer.identifier(4, try testIdentifier(6) as MemberID)
        writer.incarnation(5, try testIncarnation(7))
        writer.record(6) { $0.text(1, "x") }
        writer.repeatedInteger(7, [0, 5])
        var seen: [UInt64] = []
        try read(writer.bytes, repeated: [7]) { field in
            seen.append(field.tag)
            switch field.tag {
            case 1: #expect(try field.integer() == .max)
            case 2: #expect(try field.signed() == .min)
            case 3: #expect(try field.digest() == testDigest(5))
            case 4: #expect(try field.identifier() as MemberID == testIdentifier(6))
            case 5: #expect(try field.incarnation() == testIncarnation(7))
            case 6:
                var reader = try field.reader(what: "nested")
                #expect(try reader.next()?.text() == "x")
                #expect(try reader.next() == nil)
            default: #expect(try [0, 5].contains(field.integer()))
            }
        }
        #expect(seen == [1, 2, 3, 4, 5, 6, 7, 7])
    }

    @Test(
        "Fields out of order, beyond the end, or in a longer form are refused",
        arguments: [
            [3, 0, 1, 0], [1, 5, 0], [1], [0, 0], [1, 0x80, 0x00], [0x81, 0x00, 0],
            [1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
        ] as [[UInt8]]
    )
    func refusesMalformedFields(bytes: [UInt8]) throws {
        #expect(try refusal(bytes).code == .malformed)
    }

    @Test func refusesUndeclaredRepetition() throws {
        #expect(try refusal([1, 1, 5, 1, 1, 6]).message == "the test has field 1 twice")
        #expect(try refusal([2, 1, 5, 2, 1, 6]) { _ = try $0.integer() }.message == "field 2 of the test occurs twice")
        try read([1, 1, 5, 1, 1, 6], repeated: [1]) { _ = try $0.integer() }
    }

    @Test func refusesZeroAndEmptyValuesThatShouldBeLeftOut() throws {
        #expect(try refusal([1, 1, 0]) { _ = try $0.integer() }.message.contains("is zero"))
        #expect(try refusal([1, 1, 0]) { _ = try $0.signed() }.message.contains("is zero"))
        #expect(try refusal([1, 0]) { _ = try $0.bytes() }.message.contains("is empty"))
        #expect(try refusal([1, 0]) { _ = try $0.text() }.message.contains("is empty"))
        try read([1, 1, 0, 1, 1, 0], repeated: [1]) { _ = try $0.integer() }
        try read([1, 0], repeated: [1]) { field in
            let value = try field.bytes()
            #expect(value.isEmpty)
        }
    }

    @Test func refusesValuesOfTheWrongLength() throws {
        #expect(try refusal([1, 2, 5, 0]) { _ = try $0.integer() }.message.contains("bytes after its number"))
        #expect(try refusal([1, 2, 5, 0]) { _ = try $0.digest() }.message.contains("has 2 bytes instead of 32"))
        #expect(try refusal([1, 2, 5, 0]) { _ = try $0.bytes(exactly: 3) }.message.contains("instead of 3"))
        #expect(try refusal([1, 2, 5, 0]) { _ = try $0.identifier() as RunID }.message.contains("instead of 16"))
        #expect(try refusal([1, 2, 5, 0]) { _ = try $0.incarnation() }.message.contains("instead of 8"))
        #expect(
            try refusal([1, 5, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]) { _ = try $0.integer32() }.message.contains("32 bits")
        )
    }

    @Test(arguments: [[0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80]] as [[UInt8]])
    func refusesTextThatIsNotUTF8(text: [UInt8]) throws {
        let error = try refusal([1, UInt8(text.count)] + text) { _ = try $0.text() }
        #expect(error.message == "field 1 of the test is not UTF-8")
    }

    @Test func keepsUnknownOptionalFieldsInPlace() throws {
        var unknown = UnknownFields()
        let bytes: [UInt8] = [2, 1, 7, 2, 0, 3, 1, 9, 4, 0, 200, 1, 1, 5]
        try read(bytes) { field in
            if field.tag == 3 { return }
            try field.requireKnown("test", keep: &unknown)
        }
        #expect(unknown.tags == [2, 2, 4, 200])
        var writer = FieldWriter()
        writer.integer(3, 9)
        writer.unknown(unknown)
        #expect(writer.bytes == bytes)
    }

    @Test func refusesUnknownCriticalFieldsByNameAndTag() throws {
        var unknown = UnknownFields()
        let error = try refusal([5, 0]) { try $0.requireKnown("test", keep: &unknown) }
        #expect(error.code == .unsupported)
        #expect(error.message.contains("test") && error.message.contains("field 5"))
        #expect(unknown.isEmpty)
    }
}
