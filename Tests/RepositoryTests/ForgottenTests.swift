import Cryptography
import FileSystem
import ObjectStorage
import Records
import TestSupport
import Testing

@testable import Repository

/// Commits that were forgotten: they count nowhere, and leave no gap.
@Suite struct ForgottenTests {
    /// A repository with some commits in one chain, and a host that remembers.
    private struct Chain {
        let place: TemporaryDirectory
        let fixture: RepositoryFixture
        let ids: [ObjectHash]

        init(_ count: Int = 4) throws {
            let place = try TemporaryDirectory()
            self.place = place
            fixture = try RepositoryFixture(environment: RepositoryEnvironment(state: place.directory))
            let repository = fixture.repository
            ids = try (0..<count).map { try repository.commitChunks([[UInt8($0)]]).snapshot }
        }

        var environment: RepositoryEnvironment { RepositoryEnvironment(state: place.directory) }

        func load(_ store: MemoryObjectStore? = nil, remembering: Bool = true) throws -> CommitLog {
            try CommitLog.load(
                try fixture.open(store, environment: remembering ? environment : RepositoryEnvironment())
            )
        }

        @discardableResult
        func forget(_ numbers: [Int]) throws -> ForgettingResult {
            let repository = try fixture.open(environment: environment)
            let log = try CommitLog.load(repository)
            return try repository.forget(log.commits.filter { numbers.contains(Int($0.commit.number)) }, log: log)
        }
    }

    @Test(arguments: [[1], [2], [4], [1, 2], [2, 4], [1, 2, 3, 4]])
    func whatWasForgottenLeavesNoGap(_ numbers: [Int]) throws {
        let chain = try Chain()
        let result = try chain.forget(numbers)
        #expect(result.deleted == numbers.count)
        #expect(result.failures.isEmpty)
        for remembering in [true, false, true] {
            let log = try chain.load(remembering: remembering)
            #expect(log.commits.map { Int($0.commit.number) } == (1...4).filter { !numbers.contains($0) })
            #expect(log.problems.isEmpty, "\(log.problems)")
            #expect(log.heads.values.map(\.number) == [4])
        }
        // The chain goes on behind it, and names the commit before it, there or not.
        let repository = try chain.fixture.open(environment: chain.environment)
        try repository.commitChunks([[9]])
        let log = try chain.load()
        #expect(log.problems.isEmpty, "\(log.problems)")
        #expect(log.heads.values.map(\.number) == [5])
        #expect(log.commits.last?.commit.previous == chain.ids[3])
    }

    @Test("Row 4: forgotten commits that a store still shows, or shows again, do not count; the next run deletes them")
    func row4Replayed() throws {
        let chain = try Chain()
        let names = try chain.fixture.names("commits/")
        let objects = try names.map { try chain.fixture.store.readAll($0, atMost: 1 << 20) }
        try chain.forget([2, 3])
        // As if the run had ended between the record and the deletion, or the store had kept its copies.
        for index in [1, 2] { chain.fixture.store.overwrite(names[index], with: objects[index]) }
        let log = try chain.load()
        #expect(log.commits.map(\.commit.number) == [1, 4])
        #expect(log.problems.isEmpty, "\(log.problems)")
        #expect(log.leftovers == [names[1], names[2]])
        let repository = try chain.fixture.open(environment: chain.environment)
        #expect(try repository.deleteLeftovers(log).deleted == 2)
        #expect(try chain.fixture.names("commits/") == [names[0], names[3]])
        #expect(try chain.load().leftovers.isEmpty)
    }

    @Test("Row 4: a record of forgotten commits that is missing or was rolled back is told of", arguments: [0, 1])
    func row4MissingRecord(_ number: UInt64) throws {
        let chain = try Chain()
        try chain.forget([1])
        try chain.forget([2])
        chain.fixture.store.overwrite(try ObjectName(ObjectNames.forgotten(number)), with: nil)
        let log = try chain.load()
        #expect(
            log.problems.contains { $0.kind == .gap && $0.message.contains("commits \(number + 1) to \(number + 1)") }
        )
        if number == 0 {
            #expect(log.problems.contains { $0.kind == .forgottenRecord && $0.message.contains("number 0 is missing") })
        } else {
            #expect(log.problems.contains { $0.kind == .rollBack && $0.message.contains("2 records of forgotten") })
        }
        // The next record takes a number of its own all the same, so nothing is hidden by it.
        try chain.forget([3])
        #expect(try chain.fixture.store.exists(ObjectName(ObjectNames.forgotten(2))))
        #expect(try !chain.load().problems.isEmpty)
    }

    /// Adds a member to the policy, or revokes one.
    private func change(_ fixture: RepositoryFixture, _ change: (inout Policy) throws -> Void) throws {
        let chain = try fixture.open().policies
        var policy = chain.current
        policy.number += 1
        policy.previous = chain.headHash
        try change(&policy)
        try fixture.store.put(
            ObjectName(ObjectNames.policy(policy.number)),
            SignedRecord.sign(policy, with: fixture.repository.keyring.signingKey)
        )
    }

    private func put(_ number: UInt64, _ ids: [Int], of chain: Chain, signedBy key: borrowing SigningKey) throws {
        let log = try chain.load(remembering: false)
        let record = Forgotten(
            repository: chain.fixture.repository.id,
            signer: try MemberID(of: key.publicKey),
            number: number,
            time: 1,
            commits: log.commits.filter { ids.contains(Int($0.commit.number)) }.map { commit in
                ForgottenCommit(
                    member: commit.commit.signer,
                    incarnation: commit.commit.incarnation,
                    number: commit.commit.number,
                    hash: commit.id,
                    previous: commit.commit.previous
                )
            }
        )
        try chain.fixture.store.put(ObjectName(ObjectNames.forgotten(number)), SignedRecord.sign(record, with: key))
    }

    @Test("Row 7: nobody but owners and managers can forget", arguments: MemberRole.allCases)
    func row7Rights(_ role: MemberRole) throws {
        let chain = try Chain()
        let key = try SigningKey.generate()
        let member = PolicyMember(
            id: try MemberID(of: key.publicKey),
            name: "other",
            key: key.publicKey,
            role: role,
            certificateSerial: 5
        )
        try change(chain.fixture) { $0.members.append(member) }
        try put(0, [2], of: chain, signedBy: key)
        let log = try chain.load()
        if role == .owner || role == .manager {
            #expect(log.commits.map(\.commit.number) == [1, 3, 4])
            #expect(log.problems.isEmpty)
            // A record from after a revocation does not count, those before do.
            try change(chain.fixture) {
                $0.revocations = [Revocation(member: member.id, time: 1, accepted: [], forgottenRecords: 1)]
            }
            try put(1, [3], of: chain, signedBy: key)
            let later = try chain.load()
            #expect(later.commits.map(\.commit.number) == [1, 3, 4])
            #expect(later.problems.count == 1)
            #expect(later.problems.first?.kind == .forgottenRecord)
        } else {
            #expect(log.commits.count == 4)
            #expect(log.problems.count == 1)
            #expect(log.problems.first?.message.contains("no right") ?? false)
        }
    }

    @Test("Row 7: a record of a stranger, or of another repository, forgets nothing") func row7Stranger() throws {
        let chain = try Chain()
        try put(0, [2], of: chain, signedBy: SigningKey.generate())
        let log = try chain.load()
        #expect(log.commits.count == 4)
        #expect(log.problems.map(\.kind) == [.forgottenRecord])
        // The number is taken; the next is used.
        try chain.forget([1])
        #expect(try chain.fixture.store.exists(ObjectName(ObjectNames.forgotten(1))))
        #expect(try chain.load().commits.count == 3)
    }

    @Test func aForgottenCommitThatDoesNotFollowIsFound() throws {
        let chain = try Chain()
        let log = try chain.load()
        var commit = log.commits[1]
        commit.commit.previous = Digest([UInt8](repeating: 9, count: 32))
        let repository = try chain.fixture.open(environment: chain.environment)
        _ = try repository.forget([commit], log: log)
        #expect(try chain.load().problems.map(\.kind) == [.brokenLink])
    }

    @Test("Row 7: a member that only writes replaces no snapshot") func row7Replacing() throws {
        let chain = try Chain(2)
        let key = try SigningKey.generate()
        let member = PolicyMember(
            id: try MemberID(of: key.publicKey),
            name: "other",
            key: key.publicKey,
            role: .writer,
            certificateSerial: 5
        )
        try change(chain.fixture) { $0.members.append(member) }
        let policies = try chain.fixture.open().policies
        var commit = try #require(try chain.load().commits.first).commit
        commit.signer = member.id
        for index in commit.addedPackLists.indices { commit.addedPackLists[index].member = member.id }
        commit.incarnation = try Incarnation.random()
        commit.policyNumber = policies.current.number
        commit.policyHash = policies.headHash
        commit.certificateSerial = 5
        commit.replaced = chain.ids[1]
        let object = try SignedRecord.sign(commit, with: key)
        let id = try unsafe SHA256.hash(object.span.bytes)
        let name = ObjectNames.commit(member: member.id, incarnation: commit.incarnation, number: 1, hash: id)
        try chain.fixture.store.put(ObjectName(name), object)
        let log = try chain.load()
        #expect(log.commits.count == 3)
        #expect(log.commits.allSatisfy { $0.replaces == nil })
        #expect(log.problems.map(\.kind) == [.replacement])
    }

    @Test func silenceIsTold() throws {
        let chain = try Chain(1)
        let key = try SigningKey(seed: chain.fixture.repository.keyring.signingKey.seed())
        var commit = try #require(try chain.load().commits.first).commit
        commit.incarnation = try Incarnation.random()
        commit.interval = 3600
        commit.time += 1
        let object = try SignedRecord.sign(commit, with: key)
        let id = try unsafe SHA256.hash(object.span.bytes)
        let name = ObjectNames.commit(member: commit.signer, incarnation: commit.incarnation, number: 1, hash: id)
        try chain.fixture.store.put(ObjectName(name), object)
        func problems(after seconds: Int64) throws -> [HistoryProblem] {
            let now = commit.time + seconds * 1_000_000_000
            let repository = try chain.fixture.open(environment: RepositoryEnvironment(now: { now }))
            return try CommitLog.load(repository).problems
        }
        #expect(try problems(after: 3600).isEmpty)
        let late = try problems(after: 3602)
        #expect(late.map(\.kind) == [.silence])
        #expect(late.allSatisfy { !$0.isTampering && $0.message.contains("owner") && $0.message.contains("1 h") })
    }

    @Test("Row 4: what another member has seen and the store does not show is told of") func row4SeenByAnother() throws
    {
        let chain = try Chain(3)
        // A host without memory: another chain, which states what it has seen.
        try chain.fixture.open().commitChunks([[7]])
        #expect(try chain.load(remembering: false).problems.isEmpty)
        let third = try #require(try chain.fixture.names("commits/").first { $0.path.contains(chain.ids[2].hex) })
        let old = chain.fixture.store.copy()
        old.overwrite(third, with: nil)
        let log = try chain.load(old, remembering: false)
        #expect(log.problems.map(\.kind) == [.withheld])
        #expect(log.problems.first?.message.contains("commit 3 (\(chain.ids[2].hex.prefix(8)))") ?? false)
        // Forgotten it is no alarm.
        try chain.forget([3])
        #expect(try chain.load(remembering: false).problems.isEmpty)
    }
}
