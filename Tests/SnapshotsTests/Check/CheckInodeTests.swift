import Cryptography
import Records
import TestSupport
import Testing

@testable import Repository
@testable import Snapshots

/// Rules that bind several entries, or lists and commits, to each other.
@Suite struct CheckInodeTests {
    private func fifo(_ name: String, _ permissions: UInt16, group: UInt64 = 0) -> Entry {
        var entry = Entry(path: Array(name.utf8), kind: .fifo)
        entry.permissions = permissions
        entry.hardLinkGroup = group
        return entry
    }

    /// Commits a manifest of entries at the top.
    @discardableResult
    private func commit(_ fixture: CheckFixture, _ entries: [Entry], time: Int64) throws -> ObjectHash {
        let run = try WriteRun.begin(try fixture.open())
        let builder = try ManifestBuilder(sink: try RunSink(run))
        for entry in entries { try builder.add(entry) }
        let root = try builder.finish()
        var details = CommitDetails(dataset: "forged", time: time)
        details.rootDigest = root.digest
        let request = CommitRequest(
            root: PageReference(chunk: root.id, level: UInt64(root.level)),
            details: details
        )
        return try run.commit(request, log: try CommitLog.load(run.repository))
    }

    @Test func entriesOfOneHardLinkGroupMustBeEqual() throws {
        let fixture = try CheckFixture()
        try commit(fixture, [fifo("a", 0o600, group: 7), fifo("b", 0o600, group: 7), fifo("c", 0o644)], time: 1)
        #expect(try fixture.check().errors.isEmpty)
        let bad = try commit(fixture, [fifo("a", 0o600, group: 7), fifo("b", 0o640, group: 7)], time: 2)
        let problem = try #require(try fixture.check().errors.first)
        #expect(problem.kind == .manifest)
        #expect(problem.snapshots == [bad])
        #expect(problem.paths == [Array("b".utf8)])
        #expect(problem.message.contains("hard-link group"))
    }

    @Test func groupsAreComparedAcrossPagesThatSnapshotsShare() throws {
        let fixture = try CheckFixture()
        let middle = (0..<9000).map { fifo("f" + String($0 + 10_000), 0o600) }
        let last = fifo("z", 0o600, group: 9)
        // The older one is wrong; its last page is known by then from the newer one.
        let bad = try commit(fixture, [fifo("a", 0o640, group: 9)] + middle + [last], time: 1)
        try commit(fixture, [fifo("a", 0o600, group: 9)] + middle + [last], time: 2)
        let found = try fixture.check()
        #expect(found.summary.snapshots == 1)
        #expect(found.errors.map(\.snapshots) == [[bad]])
        #expect(found.errors.first?.message.contains("hard-link group") ?? false)
    }

    @Test func aListOfAnotherKindOrDomainThanItsCommitSaysIsReported() throws {
        let fixture = try CheckFixture()
        try fixture.write("file", [1, 2, 3])
        let snapshot = try fixture.backUp()
        let repository = try fixture.open()
        let log = try CommitLog.load(repository)
        let commit = try #require(log.commits.first).commit
        let reference = try #require(commit.addedPackLists.first)
        let recorder = CheckRecorder()
        let problems = ProblemLog(observer: recorder)
        let survey = try ObjectSurvey.take(fixture.store, problems: problems)
        let book = try PlanBook.load(repository)
        func add(kind: PackList.Kind, domain: DomainID) {
            var lists = ListedPacks(log, book: book)
            let list = PackList(
                repository: repository.id,
                signer: reference.member,
                domain: domain,
                epoch: commit.epoch,
                run: reference.run,
                number: reference.number,
                kind: kind,
                packs: []
            )
            lists.add(list, hash: reference.hash, survey: survey, problems: problems)
        }
        add(kind: .added, domain: commit.domain)
        #expect(recorder.problems.isEmpty)
        add(kind: .referred, domain: commit.domain)
        #expect(recorder.problems.map(\.kind) == [.packList])
        #expect(recorder.problems.last?.snapshots == [snapshot])
        add(kind: .added, domain: try DomainID.random())
        #expect(recorder.problems.count == 2)
        #expect(recorder.problems.last?.message.contains("domain") ?? false)
    }

    @Test func aPackThatIsNotWhatItsListSaysIsReported() throws {
        let domain = try DomainID.random()
        let member = try MemberID.random()
        let run = try RunID.random()
        let pack = PackOrigin(domain: domain, epoch: 1, member: member, run: run)
        let added = ListedPacks.Origin(domain: domain, member: member, run: run, epoch: 1)
        let other = try DomainID.random()
        #expect(added.fits(pack))
        #expect(ListedPacks.Origin(domain: domain).fits(pack))
        #expect(!ListedPacks.Origin(domain: other).fits(pack))
        for change: (inout ListedPacks.Origin) throws -> Void in [
            { $0.member = try MemberID.random() }, { $0.run = try RunID.random() }, { $0.epoch = 2 },
        ] {
            var other = added
            try change(&other)
            #expect(!other.fits(pack))
        }
    }

    @Test func aChunkInAPackThatNoListNamesIsReported() throws {
        let fixture = try CheckFixture()
        try fixture.write("file", [UInt8](repeating: 7, count: 1000))
        try fixture.backUp()
        let repository = try fixture.open()
        let index = try repository.loadIndex()
        let packs = Dictionary(
            uniqueKeysWithValues: try fixture.names("packs/").map { name in
                let object = try #require(fixture.store.contents[name])
                return (try unsafe SHA256.hash(object.span.bytes), UInt64(object.count))
            }
        )
        let page = try SnapshotList.load(repository).resolve("latest").commit.root.chunk
        let listed = ChunkPresence(
            index: index,
            packs: packs,
            listed: packs.mapValues { _ in [] }
        )
        guard case .present = try listed.find(page, .manifestPage) else {
            Issue.record("a chunk of a listed pack is not present")
            return
        }
        guard case .unlisted = try ChunkPresence(index: index, packs: packs, listed: [:]).find(page, .manifestPage)
        else {
            Issue.record("a chunk of a pack in no list counts as present")
            return
        }
    }
}
