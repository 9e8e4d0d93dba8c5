import Foundation
import Repository
import Snapshots
import TestSupport
import Testing

/// Bundles that are hardly used any more.
@Suite struct BundleRelayingTests {
    private func chunks(_ entries: [String: Entry]) -> [String: Extent] {
        entries.compactMapValues { entry in
            if case .inline(let extents) = entry.content, extents.count == 1 { extents[0] } else { nil }
        }
    }

    @Test func whatIsLeftInAThinBundleIsLaidAnew() throws {
        let fixture = try BackupFixture()
        var random = SeededGenerator(seed: 51)
        var contents: [String: [UInt8]] = [:]
        for number in 100..<140 { contents["f\(number)"] = random.bytes(5000) }
        for (name, bytes) in contents { try fixture.write(name, bytes) }
        fixture.settle()
        let first = chunks(try fixture.entries(of: try fixture.backUp().snapshot))
        // Thirty of forty change: a quarter of the bundle stays in use.
        for number in 100..<130 {
            contents["f\(number)"] = random.bytes(5000)
            try fixture.write("f\(number)", contents["f\(number)"] ?? [])
        }
        fixture.settle()
        let summary = try fixture.backUp()
        #expect(summary.statistics.bytesRead == 30 * 5000)
        let second = chunks(try fixture.entries(of: summary.snapshot))
        for number in 130..<140 { #expect(second["f\(number)"] == first["f\(number)"]) }
        // The next run moves them out, once, and calls nothing changed.
        let observer = RecordingObserver()
        let moving = try fixture.backUp(observer: observer)
        #expect(moving.statistics.bytesRead == 10 * 5000)
        #expect(moving.statistics.filesUnmodified == 40)
        #expect(observer.told.items[fixture.source + "/f135"] == .unmodified)
        let entries = try fixture.entries(of: moving.snapshot)
        let third = chunks(entries)
        for number in 130..<140 { #expect(third["f\(number)"] != first["f\(number)"]) }
        for (name, bytes) in contents { #expect(try fixture.content(of: try #require(entries[name])) == bytes) }
        #expect(try fixture.backUp().statistics.bytesRead == 0)
    }

    @Test func whoWantsNoSnapshotOfTheSameContentGetsNone() throws {
        let fixture = try BackupFixture()
        for number in 0..<8 { try fixture.write("f\(number)", [UInt8](repeating: UInt8(number), count: 9000)) }
        fixture.settle()
        try fixture.backUp()
        for number in 0..<7 { try fixture.write("f\(number)", [UInt8](repeating: UInt8(number), count: 9001)) }
        fixture.settle()
        try fixture.backUp()
        let again = try fixture.backUp { $0.skipsIfUnchanged = true }
        #expect(again.isSkipped)
        #expect(again.statistics.bytesRead == 0)
    }

    @Test func aBundleHalfInUseStays() throws {
        let fixture = try BackupFixture()
        for number in 0..<8 { try fixture.write("f\(number)", [UInt8](repeating: UInt8(number), count: 9000)) }
        fixture.settle()
        try fixture.backUp()
        for number in 0..<4 { try fixture.write("f\(number)", [UInt8](repeating: UInt8(number), count: 9001)) }
        fixture.settle()
        try fixture.backUp()
        #expect(try fixture.backUp().statistics.bytesRead == 0)
    }
}
