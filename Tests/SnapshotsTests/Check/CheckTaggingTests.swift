import Cryptography
import FileSystem
import Foundation
import Records
import Repository
import Snapshots
import TestSupport
import Testing

/// New tags for old snapshots.
@Suite struct CheckTaggingTests {
    private func fixture(snapshots: Int) throws -> (CheckFixture, [ObjectHash]) {
        let fixture = try CheckFixture()
        var ids: [ObjectHash] = []
        for number in 0..<snapshots {
            try fixture.write("file", Array("content \(number)".utf8))
            ids.append(try fixture.backUp { $0.tags = ["daily"] })
        }
        return (fixture, ids)
    }

    private func list(_ fixture: CheckFixture) throws -> SnapshotList {
        let list = try SnapshotList.load(try fixture.open())
        #expect(list.problems.isEmpty)
        return list
    }

    @Test func aTaggedSnapshotTakesTheOldOnesPlace() throws {
        let (fixture, ids) = try fixture(snapshots: 3)
        let before = try list(fixture)
        let objects = try fixture.names("packs/")
        let changed = try Tagging.apply(
            try fixture.open(),
            [before.snapshots[0]],
            .change(add: ["keep", "daily"], remove: ["none"])
        )
        #expect(changed.map(\.old) == [ids[0]])
        #expect(changed[0].tags == ["daily", "keep"])
        let after = try list(fixture)
        // The same place, time and data under another id; no data was stored.
        #expect(after.snapshots.map(\.id) == [changed[0].new] + ids.dropFirst())
        #expect(after.snapshots[0].details.tags == ["daily", "keep"])
        var details = before.snapshots[0].details
        details.tags = ["daily", "keep"]
        #expect(after.snapshots[0].details == details)
        #expect(after.snapshots[0].commit.root == before.snapshots[0].commit.root)
        #expect(try fixture.names("packs/") == objects)
        // The old id leads to the new one.
        #expect(try after.resolve(ids[0].hex).id == changed[0].new)
        #expect(try after.resolve("latest").id == ids[2])
        let found = try fixture.check(nil, .all)
        #expect(found.problems.isEmpty)
        #expect(found.summary.commits == 4)
        #expect(found.summary.unreferencedPacks == 0)
    }

    @Test func tagsAreSetRemovedAndChanged() throws {
        let (fixture, _) = try fixture(snapshots: 1)
        func tags(after change: TagChange) throws -> [String] {
            _ = try Tagging.apply(try fixture.open(), try list(fixture).snapshots, change)
            return try #require(try list(fixture).snapshots.first).details.tags
        }
        #expect(try tags(after: .set(["a", "b", "a"])) == ["a", "b"])
        #expect(try tags(after: .change(add: ["c"], remove: ["a"])) == ["b", "c"])
        #expect(try tags(after: .set([])) == [])
        #expect(try list(fixture).snapshots.count == 1)
        #expect(try list(fixture).log.commits.count == 4)
    }

    @Test func tagsThatStayAsTheyAreMakeNoCommit() throws {
        let (fixture, ids) = try fixture(snapshots: 2)
        let before = try fixture.names()
        #expect(try Tagging.apply(try fixture.open(), try list(fixture).snapshots, .set(["daily"])).isEmpty)
        #expect(try fixture.names() == before)
        #expect(try list(fixture).snapshots.map(\.id) == ids)
    }

    @Test("what cannot be a tag is refused before anything is changed", arguments: ["", "a,b", "a\nb"])
    func badTags(_ tag: String) throws {
        let (fixture, _) = try fixture(snapshots: 1)
        let before = try fixture.names()
        for change in [TagChange.set([tag]), .change(add: [tag], remove: [])] {
            let error = #expect(throws: RepositoryError.self) {
                try Tagging.apply(try fixture.open(), try list(fixture).snapshots, change)
            }
            #expect(error?.code == .invalidRequest)
        }
        #expect(try fixture.names() == before)
    }

    @Test func theNextBackupComparesWithTheNewestDataNotTheNewestTags() throws {
        let (fixture, ids) = try fixture(snapshots: 2)
        _ = try Tagging.apply(try fixture.open(), [try list(fixture).snapshots[0]], .set(["old"]))
        let next = try fixture.backUp()
        let snapshot = try #require(try list(fixture).snapshots.first { $0.id == next })
        #expect(snapshot.details.parent == ids[1])
    }

    @Test func aChainGoesOnThroughTags() throws {
        let state = try TemporaryDirectory()
        let fixture = try CheckFixture()
        try fixture.write("file", [1])
        let environment = RepositoryEnvironment(state: state.directory)
        func backUp() throws {
            let request = BackupRequest(dataset: "test", source: .files([Array(fixture.source.utf8)]), host: "host")
            let repository = try fixture.open(environment: environment)
            _ = try Backup(repository: repository, request: request, observer: QuietObserver()).run()
        }
        try backUp()
        let repository = try fixture.open(environment: environment)
        for round in 0..<3 {
            _ = try Tagging.apply(repository, try SnapshotList.load(repository).snapshots, .set(["t\(round)"]))
        }
        try backUp()
        let log = try CommitLog.load(repository)
        #expect(log.problems.isEmpty)
        #expect(log.commits.map(\.commit.number).sorted() == [1, 2, 3, 4, 5])
        #expect(try SnapshotList.load(repository).snapshots.count == 2)
    }
}
