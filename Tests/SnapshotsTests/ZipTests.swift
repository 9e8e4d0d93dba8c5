import Testing

@testable import Snapshots

/// The parts of a zip archive; whole archives are read by other programs in the end-to-end tests.
@Suite struct ZipTests {
    @Test(
        arguments: [
            (0, 0x0021, 0), (315_532_799, 0x0021, 0), (315_532_800, 0x0021, 0),
            // 2000-02-29 12:34:56, 2026-11-24 09:33:22, 2107-12-31 23:59:59.
            (951_827_696, 0x285D, 0x645C), (1_795_512_802, 0x5D78, 0x4C2B), (4_354_819_199, 0xFF9F, 0xBF7D),
            (.max, 0xFF9F, 0xBF7D),
        ] as [(Int64, UInt16, UInt16)]
    )
    func timesAreThoseOfDOS(seconds: Int64, date: UInt16, time: UInt16) {
        let found = ZipMember.dosTime(seconds)
        #expect(found.date == date)
        #expect(found.time == time)
    }

    @Test func longContentHasLengthsOf64Bits() {
        var member = ZipMember(name: Array("f".utf8), mode: 0o100_644)
        member.size = 5 << 30
        member.hasDescriptor = true
        let header = member.localHeader
        #expect(Array(header[4..<6]) == [45, 0])
        #expect(Array(header[18..<26]) == [UInt8](repeating: 0xFF, count: 8))
        #expect(Array(header[31..<35]) == [1, 0, 16, 0])
        member.compressedSize = 1 << 33
        #expect(member.descriptor.count == 24)
        member.offset = 1 << 34
        let central = member.centralHeader
        #expect(Array(central[42..<46]) == [UInt8](repeating: 0xFF, count: 4))
        #expect(Array(central[47..<51]) == [1, 0, 24, 0])
        #expect(Array(central[67..<75]) == [0, 0, 0, 0, 4, 0, 0, 0])
    }

    @Test func shortOnesHaveThoseOf32() {
        var member = ZipMember(name: Array("ü".utf8), mode: 0o100_644)
        member.size = 9
        member.hasDescriptor = true
        #expect(member.descriptor.count == 16)
        #expect(Array(member.localHeader[4..<8]) == [20, 0, 8, 8])
        #expect(ZipMember.end(count: 3, directoryOffset: 7, directoryLength: 9).count == 22)
        #expect(ZipMember.end(count: 70_000, directoryOffset: 7, directoryLength: 9).count == 98)
    }
}
