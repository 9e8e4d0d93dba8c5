import Cryptography
import Dispatch
import FileSystem
import Foundation
import Records
import Repository
import Snapshots
import TestSupport
import Testing

/// What a hostile repository or a hostile user of the target must not achieve.
///
/// Rows are those of the list of attacks that all parts of the program are tested against.
@Suite struct RestoreAttackTests {
    /// Makes a directory beside the target in which nothing may ever appear.
    private func makeOutside(_ fixture: RestoreFixture) throws -> Directory {
        let outside = try fixture.backup.place.directory.openOrMakeDirectory(bytes("outside")).directory
        try outside.createFile(bytes("precious"), permissions: 0o600).write(bytes("precious"))
        return outside
    }

    private func expectUntouched(_ outside: Directory) throws {
        let names = try outside.names()
        #expect(names.count == 1)
        #expect(try outside.readFile(bytes("precious"), limit: 100) == bytes("precious"))
        #expect(try outside.status(bytes("precious")).permissions == 0o600)
    }

    private static let badNames: [[UInt8]] = [
        bytes(".."), bytes("."), [], bytes("a/../../outside/b"), bytes("../outside/b"), bytes("/etc/b"),
        [0x61, 0, 0x62],
        [UInt8](repeating: 0x61, count: 256), bytes("a//b"),
    ]

    @Test("row 10: names that lead elsewhere are refused before anything is written", arguments: badNames)
    func row10BadNames(name: [UInt8]) throws {
        let fixture = try RestoreFixture()
        let outside = try makeOutside(fixture)
        let page = try fixture.storing { sink in
            let items = [
                ForgedPage.Item(
                    path: name,
                    kind: 3,
                    fields: ForgedPage.fileFields(size: 1, extents: ForgedPage.hole(1), isSparse: true)
                )
            ]
            return PageReference(chunk: try sink.store(ForgedPage.leaf(items), type: .manifestPage), level: 0)
        }
        #expect(try fixture.restore(page: page) { $0.root = [] }.integrityFailures == 1)
        try expectUntouched(outside)
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.target) == [])
    }

    @Test("row 10: duplicates are refused") func row10Duplicates() throws {
        let fixture = try RestoreFixture()
        let page = try fixture.storing { sink in
            let item = ForgedPage.Item(path: bytes("a"), kind: 5)
            return PageReference(chunk: try sink.store(ForgedPage.leaf([item, item]), type: .manifestPage), level: 0)
        }
        #expect(try fixture.restore(page: page) { $0.root = [] }.integrityFailures == 1)
    }

    @Test("row 10: names with escapes and no UTF-8 come back as they are") func row10OddNames() throws {
        let fixture = try RestoreFixture()
        let names: [[UInt8]] = [
            [0xFF, 0xFE], bytes("\u{1B}[2Jx"), bytes("line\nfeed"), bytes(" "), bytes("~"), bytes("-"),
        ]
        for name in names { try fixture.source.createFile(name).write(name) }
        try fixture.backup.backUp()
        #expect(try fixture.restore().failures == 0)
        for name in names { #expect(try fixture.restored.readFile(name, limit: 300) == name) }
    }

    @Test("row 11: a hole of any size costs nothing, or is reported") func row11SparseBomb() throws {
        let fixture = try RestoreFixture()
        var entry = Entry(path: bytes("bomb"), kind: .regular)
        entry.size = UInt64(Int64.max)
        entry.content = .inline([.hole(length: entry.size)])
        entry.sparseHash = .numbered(1)
        let recorder = RestoreRecorder()
        let page = try fixture.store([entry])
        let summary = try fixture.restore(page: page, observer: recorder) { $0.root = [] }
        // File systems differ in the size that they allow.
        let names = try FileManager.default.contentsOfDirectory(atPath: fixture.target)
        if summary.failures == 0 {
            #expect(names == ["bomb"])
            #expect(try fixture.restored.status(bytes("bomb")).allocatedBytes == 0)
        } else {
            #expect(Array(recorder.told.failures.keys) == ["bomb"])
            #expect(names == [])
        }
    }

    @Test("row 11: a page that names itself ends in an error") func row11Cycle() throws {
        let fixture = try RestoreFixture()
        // A page cannot hold its own id, but it can be referred to as a page of a higher level.
        let page = try fixture.storing { sink in
            let leaf = try sink.store(
                ForgedPage.leaf([ForgedPage.Item(path: bytes("a"), kind: 5)]),
                type: .manifestPage
            )
            return PageReference(chunk: leaf, level: 7)
        }
        #expect(throws: ManifestError.self) { try fixture.restore(page: page) { $0.root = [] } }
    }

    @Test("row 12: a link that stands in the place of a directory is replaced, never followed")
    func row12PlantedLink() throws {
        let fixture = try RestoreFixture()
        let outside = try makeOutside(fixture)
        try fixture.backup.write("a/b/file", bytes("saved"))
        try fixture.backup.write("precious", bytes("saved"))
        try fixture.backup.backUp()
        let target = try Directory.openOrMake(path: Array(fixture.target.utf8))
        try target.makeSymbolicLink(bytes("a"), target: bytes("../outside"))
        try target.makeSymbolicLink(bytes("precious"), target: bytes("../outside/precious"))
        #expect(try fixture.restore().failures == 0)
        try expectUntouched(outside)
        #expect(try target.status(bytes("a")).kind == .directory)
        #expect(try target.readFile(bytes("precious"), limit: 10) == bytes("saved"))
        #expect(try target.openDirectory(beneath: bytes("a/b")).readFile(bytes("file"), limit: 10) == bytes("saved"))
    }

    @Test("row 12: a link from the snapshot is not followed by what comes after it")
    func row12LinkThenFileThroughIt() throws {
        let fixture = try RestoreFixture()
        let outside = try makeOutside(fixture)
        var link = Entry(path: bytes("a"), kind: .symbolicLink)
        link.linkTarget = bytes("../outside")
        let page = try fixture.storing { sink in
            let items = [
                ForgedPage.Item(path: bytes("a"), kind: 4, fields: linkFields("../outside")),
                ForgedPage.Item(path: bytes("a/file"), kind: 5),
            ]
            return PageReference(chunk: try sink.store(ForgedPage.leaf(items), type: .manifestPage), level: 0)
        }
        #expect(try fixture.restore(page: page) { $0.root = [] }.integrityFailures == 1)
        // A second snapshot has a directory where the first one's link is by now.
        _ = try fixture.restore(page: try fixture.store([link])) { $0.root = [] }
        let directory = Entry(path: bytes("a"), kind: .directory)
        let file = Entry(path: bytes("a/file"), kind: .regular)
        let end = Entry(path: bytes("a"), kind: .directoryEnd)
        _ = try fixture.restore(page: try fixture.store([directory, file, end])) { $0.root = [] }
        try expectUntouched(outside)
    }

    private func linkFields(_ target: String) -> [UInt8] {
        var writer = FieldWriter()
        writer.bytes(19, bytes(target))
        return writer.bytes
    }

    @Test("row 12: a directory that turns into a link while it is restored leads nowhere")
    func row12Race() throws {
        let fixture = try RestoreFixture()
        let outside = try makeOutside(fixture)
        for directory in 0..<30 {
            for file in 0..<30 { try fixture.backup.write("d/e\(directory)/f\(file)", bytes("\(file)")) }
        }
        try fixture.backup.backUp()
        let target = try Directory.openOrMake(path: Array(fixture.target.utf8))
        try target.makeSymbolicLink(bytes("link"), target: bytes("../outside"))
        let flips = Flag()
        // Exchanges the directory, and those in it, with links to the outside, over and over.
        let ended = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            var count = 0
            while !flips.isSet {
                try? target.rename(bytes("d"), to: target, as: bytes("link"), .exchanging)
                if count % 3 == 0, let inner = try? target.openDirectory(bytes("d")) {
                    let name = bytes("e\(count % 30)")
                    try? inner.rename(name, to: target, as: bytes("aside"), .withoutReplacing)
                    try? inner.makeSymbolicLink(name, target: bytes("../../outside"))
                }
                count += 1
            }
            ended.signal()
        }
        for _ in 0..<12 { _ = try? fixture.restore() }
        flips.isSet = true
        ended.wait()
        try expectUntouched(outside)
    }

    @Test("row 12: a hard link to a file elsewhere does not hand on owner or permissions", .enabled(if: isRoot))
    func row12PlantedHardLink() throws {
        let fixture = try RestoreFixture()
        let outside = try makeOutside(fixture)
        try fixture.backup.write("file", bytes("precious"))
        try fixture.source.setOwner(bytes("file"), userID: 1000, groupID: 1000)
        try fixture.source.setPermissions(bytes("file"), 0o666)
        let time = try outside.status(bytes("precious")).modified
        try fixture.source.setTimes(bytes("file"), modified: time)
        try fixture.backup.backUp()
        let target = try Directory.openOrMake(path: Array(fixture.target.utf8))
        for rule in [OverwriteRule.always, .ifChanged] {
            try outside.link(bytes("precious"), to: target, as: bytes("file"))
            #expect(try fixture.restore { $0.overwrite = rule }.failures == 0)
            try expectUntouched(outside)
            #expect(try outside.status(bytes("precious")).userID == 0)
            #expect(try target.status(bytes("file")).userID == 1000)
            try target.unlink(bytes("file"))
        }
    }

    @Test("row 12: a hard link to a symbolic link links the link") func row12HardLinkToLink() throws {
        let fixture = try RestoreFixture()
        let outside = try makeOutside(fixture)
        try fixture.source.makeSymbolicLink(bytes("a"), target: bytes("../outside/precious"))
        try fixture.source.link(bytes("a"), to: fixture.source, as: bytes("b"))
        try fixture.backup.backUp()
        #expect(try fixture.restore().failures == 0)
        let first = try fixture.restored.status(bytes("a"))
        let second = try fixture.restored.status(bytes("b"))
        #expect(first.kind == .symbolicLink && first.identity == second.identity)
        try expectUntouched(outside)
    }

    @Test("row 12: nothing waits for the other end of a planted pipe") func row12Pipe() throws {
        let fixture = try RestoreFixture()
        try fixture.backup.write("file", bytes("saved"))
        try fixture.backup.backUp()
        let target = try Directory.openOrMake(path: Array(fixture.target.utf8))
        try target.makeNode(bytes("file"), kind: .fifo, permissions: 0o666)
        #expect(try fixture.restore().failures == 0)
        #expect(try target.readFile(bytes("file"), limit: 10) == bytes("saved"))
    }

    @Test("row 12: set-id bits come back only with their owner", .enabled(if: isRoot), arguments: [true, false])
    func row12SetID(restoresOwnership: Bool) throws {
        let fixture = try RestoreFixture()
        try fixture.backup.write("program", bytes("#!/bin/sh"))
        try fixture.source.setOwner(bytes("program"), userID: 1000, groupID: 1000)
        try fixture.source.setPermissions(bytes("program"), 0o6755)
        try fixture.backup.backUp()
        func permissions(_ allowed: Bool?) throws -> UInt16 {
            try fixture.restore {
                $0.restoresOwnership = restoresOwnership
                $0.allowsSetID = allowed
            }
            return try fixture.restored.status(bytes("program")).permissions
        }
        #expect(try permissions(nil) == (restoresOwnership ? 0o6755 : 0o755))
        #expect(try permissions(false) == 0o755)
        #expect(try permissions(true) == 0o6755)
    }

    @Test("row 12: devices can be left out") func row12Devices() throws {
        let fixture = try RestoreFixture()
        var device = Entry(path: bytes("disk"), kind: .blockDevice)
        device.deviceMajor = 8
        let recorder = RestoreRecorder()
        let summary = try fixture.restore(page: try fixture.store([device]), observer: recorder) {
            $0.root = []
            $0.allowsDevices = false
        }
        #expect(summary.skipped == 1 && summary.failures == 0)
        #expect(recorder.told.items == ["disk": .skipped])
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.target) == [])
    }

    @Test("deleting does not follow links out of the target") func deletingFollowsNoLink() throws {
        let fixture = try RestoreFixture()
        let outside = try makeOutside(fixture)
        try fixture.backup.write("keep", [1])
        try fixture.backup.backUp()
        try fixture.restore()
        let extra = try fixture.restored.openOrMakeDirectory(bytes("extra")).directory
        try extra.makeSymbolicLink(bytes("link"), target: bytes("../../outside"))
        try fixture.restored.makeSymbolicLink(bytes("link"), target: bytes("../outside"))
        try fixture.restore { $0.deletesExtra = true }
        try expectUntouched(outside)
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.target) == ["keep"])
    }
}

/// A switch between threads.
typealias Flag = CancelFlag
