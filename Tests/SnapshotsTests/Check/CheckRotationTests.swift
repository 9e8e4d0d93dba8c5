import Cryptography
import FileSystem
import ObjectStorage
import Records
import Repository
import Snapshots
import TestSupport
import Testing

/// Reading a part of the data at a time.
@Suite struct CheckRotationTests {
    private func fixture() throws -> CheckFixture {
        let fixture = try CheckFixture()
        var random = SeededGenerator(seed: 61)
        // Each larger than a bundle of small files, so that there is a pack for each.
        for number in 0..<12 { try fixture.write("f\(number)", random.bytes(300_000)) }
        try fixture.backUp()
        return fixture
    }

    @Test("with x per cent, 100/x runs read every pack", arguments: [10.0, 25, 34, 50, 100])
    func percentCoversAll(_ percent: Double) throws {
        let fixture = try fixture()
        let state = try TemporaryDirectory()
        var never = Int.max
        for _ in 0..<Int((100 / percent).rounded(.up)) {
            let found = try fixture.check(nil, .percent(percent), state: state.directory)
            #expect(found.problems.isEmpty)
            #expect(found.summary.packsRead >= 1)
            let left = try #require(found.summary.packsNeverRead)
            #expect(left < never || left == 0)
            never = left
        }
        #expect(never == 0)
        // The next round begins with what was read first, and reads no more than its part.
        let again = try fixture.check(nil, .percent(percent), state: state.directory)
        #expect(again.summary.packsRead >= 1)
        #expect(percent == 100 || again.summary.packsRead < again.summary.packs)
    }

    @Test func newPacksComeFirst() throws {
        let fixture = try fixture()
        let state = try TemporaryDirectory()
        _ = try fixture.check(nil, .all, state: state.directory)
        var random = SeededGenerator(seed: 62)
        try fixture.write("new", random.bytes(270_000))
        try fixture.backUp()
        let packs = try fixture.check().summary.packs
        let found = try fixture.check(nil, .bytes(200_000), state: state.directory)
        #expect(found.summary.packsRead < packs / 2)
        #expect(found.summary.packsNeverRead ?? 99 <= 1)
        _ = try fixture.check(nil, .bytes(1), state: state.directory)
        #expect(try fixture.check(nil, .bytes(1), state: state.directory).summary.packsNeverRead == 0)
    }

    @Test func aLostOrDamagedFileBeginsAnew() throws {
        let fixture = try fixture()
        let state = try TemporaryDirectory()
        let name = Array("check-rotation".utf8)
        _ = try fixture.check(nil, .all, state: state.directory)
        var bytes = try state.directory.readFile(name, limit: 1 << 20)
        bytes[20] ^= 1
        try state.directory.writeFileAtomically(name, bytes)
        let damaged = try fixture.check(nil, .bytes(1), state: state.directory)
        #expect(damaged.problems.isEmpty)
        #expect(damaged.summary.packsNeverRead == damaged.summary.packs - 1)
        try state.directory.unlink(name)
        let lost = try fixture.check(nil, .bytes(1), state: state.directory)
        #expect(lost.summary.packsNeverRead == lost.summary.packs - 1)
    }

    @Test func aDamagedPackIsNotTakenForRead() throws {
        let fixture = try fixture()
        let state = try TemporaryDirectory()
        let name = try #require(try fixture.names("packs/").first)
        var bytes = try #require(fixture.store.contents[name])
        bytes[bytes.count / 2] ^= 1
        fixture.store.overwrite(name, with: bytes)
        for _ in 0..<2 {
            let found = try fixture.check(nil, .all, state: state.directory)
            #expect(found.summary.packsNeverRead == 1)
            #expect(!found.summary.isGood)
        }
        // So the smallest subset hits it again.
        #expect(try !fixture.check(nil, .bytes(1), state: state.directory).summary.isGood)
    }

    @Test("the parts n/t are disjoint and together everything", arguments: [1, 2, 3, 7])
    func parts(_ count: Int) throws {
        let fixture = try fixture()
        var read = 0
        for number in 1...count {
            let found = try fixture.check(nil, .part(number, of: count))
            #expect(found.problems.isEmpty)
            read += found.summary.packsRead
            #expect(try fixture.check(nil, .part(number, of: count)).summary.packsRead == found.summary.packsRead)
        }
        #expect(try fixture.check().summary.packs == read)
    }

    @Test func withoutKeysTheRotationIsTheSame() throws {
        let fixture = try fixture()
        let state = try TemporaryDirectory()
        for _ in 0..<4 { _ = try fixture.checkWithoutKeys(nil, .percent(25), state: state.directory) }
        #expect(try fixture.checkWithoutKeys(nil, .bytes(1), state: state.directory).summary.packsNeverRead == 0)
    }

    @Test func subsetsAreParsed() throws {
        let good: [(String, ReadData)] = [
            ("1/5", .part(1, of: 5)), ("5/5", .part(5, of: 5)), ("2.5%", .percent(2.5)), ("100%", .percent(100)),
            ("1000", .bytes(1000)), ("5K", .bytes(5 << 10)), ("7m", .bytes(7 << 20)), ("50G", .bytes(50 << 30)),
            ("1T", .bytes(1 << 40)),
        ]
        for (text, expected) in good { #expect(try ReadData(subset: text) == expected) }
        let bad = [
            "", "0/5", "6/5", "1/0", "-1/2", "a/b", "0%", "101%", "-5%", "nan%", "x%", "0", "-1", "5X", "K",
            "99999999T",
        ]
        for text in bad { #expect(throws: RepositoryError.self) { try ReadData(subset: text) } }
    }
}
