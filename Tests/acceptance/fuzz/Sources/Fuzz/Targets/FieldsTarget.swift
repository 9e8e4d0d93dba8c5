import Cryptography

@testable import Records

/// Numbers and fields, the bricks of all records.
final class FieldsTarget: FuzzTarget {
    static let name = "fields"
    static let parsers = [
        "Records/Fields/ByteReader.swift", "Records/Fields/Field.swift", "Records/Fields/FieldReader.swift",
        "Records/Fields/FieldWriter.swift", "Records/Fields/UnknownFields.swift", "Records/Fields/Varint.swift",
    ]
    static func shape(of input: [UInt8]) -> InputShape {
        input.first.map { $0 % 4 >= 2 } ?? false ? .head(1, .fields) : .bytes
    }

    func run(_ input: [UInt8]) throws {
        var input = InputReader(input)
        let mode = input.byte()
        let repeated = TagSet(arrayLiteral: 1, 5, 8)
        switch mode % 4 {
        case 0: try numbers(input.remainder())
        case 1: try fixedWidths(input.remainder())
        case 2: try fields(input.remainder(), repeated: repeated, depth: 0)
        default: try unknownFields(input.remainder())
        }
    }

    /// Each number has one encoding.
    private func numbers(_ bytes: [UInt8]) throws {
        var reader = ByteReader(bytes, what: "input")
        var written: [UInt8] = []
        try attempt {
            while !reader.isAtEnd {
                let value = try reader.varint()
                Varint.append(value, to: &written)
                try require(Varint.zigzag(Varint.unzigzag(value)) == value, "\(value) changes its sign")
            }
        }
        try require(bytes.starts(with: written), "a number was read that is written otherwise")
        var signed = ByteReader(bytes, what: "input")
        written = []
        try attempt { while !signed.isAtEnd { Varint.appendSigned(try signed.signedVarint(), to: &written) } }
        try require(bytes.starts(with: written), "a signed number was read that is written otherwise")
    }

    private func fixedWidths(_ bytes: [UInt8]) throws {
        var reader = ByteReader(bytes[...], what: "input")
        var count = 0
        try attempt {
            while !reader.isAtEnd {
                let before = reader.remaining
                switch count % 7 {
                case 0: _ = try reader.u8()
                case 1: _ = try reader.u16()
                case 2: _ = try reader.u32()
                case 3: _ = try reader.u64()
                case 4: _ = try reader.digest()
                case 5: try require(try reader.bytes(3).count == 3, "other than three bytes were read")
                default: _ = try reader.countedBytes()
                }
                try require(reader.remaining < before, "reading does not move on")
                count += 1
            }
            try reader.requireEnd()
        }
        try attempt { try reader.requireEnd() }
    }

    /// What is read in whole is written in the same bytes; each accessor takes one encoding of a value.
    private func fields(_ bytes: [UInt8], repeated: TagSet, depth: Int) throws {
        var reader = FieldReader(bytes, what: "input", repeated: repeated)
        var writer = FieldWriter()
        let isWhole = try accepts {
            while let field = try reader.next() {
                try accessors(field, isRepeated: repeated.contains(field.tag))
                if depth < 4, try attempt({ try field.reader(what: "part", repeated: repeated) }) != nil {
                    try fields(Array(field.value), repeated: repeated, depth: depth + 1)
                }
                writer.raw(field.tag, Array(field.value))
            }
        }
        if isWhole { try require(writer.bytes == bytes, "fields were read that are written otherwise") }
    }

    private func accessors(_ field: Field, isRepeated: Bool) throws {
        let value = Array(field.value)
        var writer = FieldWriter()
        func agrees(_ write: (inout FieldWriter) -> Void) throws {
            writer = FieldWriter()
            write(&writer)
            var expected = FieldWriter()
            expected.raw(field.tag, value)
            // Where a tag is repeated, zero and empty values stand as well.
            let isLeftOut = isRepeated && writer.bytes.isEmpty
            try require(isLeftOut || writer.bytes == expected.bytes, "field \(field.tag) is written otherwise")
        }
        if let number = try attempt({ try field.integer() }) { try agrees { $0.integer(field.tag, number) } }
        if let number = try attempt({ try field.integer32() }) { try agrees { $0.integer(field.tag, UInt64(number)) } }
        if let number = try attempt({ try field.signed() }) { try agrees { $0.signed(field.tag, number) } }
        if let bytes = try attempt({ try field.bytes() }) { try agrees { $0.bytes(field.tag, bytes) } }
        if let bytes = try attempt({ try field.bytes(exactly: 8) }) { try agrees { $0.bytes(field.tag, bytes) } }
        if let digest = try attempt({ try field.digest() }) { try agrees { $0.digest(field.tag, digest) } }
        if let text = try attempt({ try field.text() }) { try agrees { $0.text(field.tag, text) } }
        if let id = try attempt({ () throws -> MemberID in try field.identifier() }) {
            try agrees { $0.identifier(field.tag, id) }
        }
        if let id = try attempt({ try field.incarnation() }) { try agrees { $0.incarnation(field.tag, id) } }
    }

    /// Optional fields that nobody knows come back as they were.
    private func unknownFields(_ bytes: [UInt8]) throws {
        var reader = FieldReader(bytes, what: "input")
        var unknown = UnknownFields()
        let isWhole = try accepts {
            while let field = try reader.next() { try field.requireKnown("input", keep: &unknown) }
        }
        guard isWhole else { return }
        var writer = FieldWriter()
        writer.unknown(unknown)
        try require(writer.bytes == bytes, "unknown fields are written otherwise")
        try require(unknown.isEmpty == bytes.isEmpty, "unknown fields were lost")
    }

    func seeds() throws -> [[UInt8]] {
        var numbers: [UInt8] = [0]
        for shift in 0..<64 { Varint.append(UInt64(1) << UInt64(shift), to: &numbers) }
        Varint.append(.max, to: &numbers)
        var fields = FieldWriter()
        fields.repeatedBytes(1, [[1], [], [2, 3]])
        fields.integer(2, 300)
        fields.signed(3, -5)
        fields.text(4, "täxt")
        fields.record(5) { $0.integer(1, 7) }
        fields.record(5) { $0.bytes(3, [UInt8](repeating: 9, count: 32)) }
        fields.bytes(7, [UInt8](repeating: 1, count: 16))
        fields.bytes(9, [UInt8](repeating: 2, count: 8))
        fields.integer(11, .max)
        let unknown: [UInt8] = [2, 1, 5, 2, 0, 4, 2, 1, 1, 200, 1, 3, 7, 7, 7]
        return [numbers, [1] + [UInt8](repeating: 3, count: 120), [2] + fields.bytes, [3] + unknown]
    }
}
