import Records
import Testing

struct RecordKindTests {
    @Test func lettersAndMagicNumbersAreThoseOfTheFormat() {
        let letters = RecordKind.allCases.map { String(UnicodeScalar($0.rawValue)) }
        #expect(letters.joined() == "FOKPILCEADNGRXUYH")
        for kind in RecordKind.allCases {
            #expect(kind.magic == Array("HFST-".utf8) + [kind.rawValue, 0x31, 0x0A])
        }
    }

    @Test func boundsAreThoseOfTheFormat() throws {
        let bounds: [RecordKind: Int] = [
            .format: 65_536, .lease: 65_536, .slot: 1_048_576, .policy: 4_194_304, .pack: 536_870_912,
            .parity: 536_870_912,
        ]
        for kind in RecordKind.allCases {
            let bound = bounds[kind] ?? 67_108_864
            #expect(kind.maximumByteCount == bound)
            try kind.checkSize(bound)
            #expect(try recordError { try kind.checkSize(bound + 1) }.code == .tooLarge)
        }
    }

    @Test("A version 2 object is refused as one of a newer format", arguments: RecordKind.allCases)
    func newerFormat(kind: RecordKind) throws {
        var magic = kind.magic
        magic[6] = UInt8(ascii: "2")
        let error = try recordError { try kind.checkMagic(of: magic[...]) }
        #expect(error.code == .unsupported)
        #expect(error.message.contains("newer format"))
        #expect(error.message.contains("version 2"))
    }

    @Test("Any other change of a magic number is malformed", arguments: RecordKind.allCases)
    func otherMagic(kind: RecordKind) throws {
        for index in 0..<8 {
            for bit in 0..<8 {
                var magic = kind.magic
                magic[index] ^= 1 << UInt8(bit)
                let code = try recordError { try kind.checkMagic(of: magic[...]) }.code
                let isNewer = index == 6 && (UInt8(ascii: "2")...UInt8(ascii: "9")).contains(magic[6])
                #expect(code == (isNewer ? .unsupported : .malformed))
            }
        }
        for count in 0..<8 {
            #expect(try recordError { try kind.checkMagic(of: kind.magic.prefix(count)) }.code == .malformed)
        }
    }

    @Test func anObjectOfAnotherKindIsNamed() throws {
        let error = try recordError { try RecordKind.commit.checkMagic(of: RecordKind.lease.magic[...]) }
        #expect(error.message == "the object is not a commit but says that it is a lease")
    }
}
