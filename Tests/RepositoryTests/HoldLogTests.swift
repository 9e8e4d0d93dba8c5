import Cryptography
import FileSystem
import ObjectStorage
import Records
import TestSupport
import Testing

@testable import Repository

/// Holds: what is on hold is not forgotten, whatever a record says.
@Suite struct HoldLogTests {
    /// A repository with three commits, an owner and a manager.
    private struct Held {
        let fixture: RepositoryFixture
        let managerSeed: SecretHolder
        let ids: [ObjectHash]

        init() throws {
            let fixture = try RepositoryFixture()
            ids = try (0..<3).map { try fixture.repository.commitChunks([[UInt8($0)]]).snapshot }
            let manager = try SigningKey.generate()
            managerSeed = SecretHolder(try manager.seed())
            let chain = try fixture.open().policies
            var policy = chain.current
            policy.number += 1
            policy.previous = chain.headHash
            policy.members.append(
                PolicyMember(
                    id: try MemberID(of: manager.publicKey),
                    name: "manager",
                    key: manager.publicKey,
                    role: .manager,
                    certificateSerial: 5
                )
            )
            try fixture.store.put(
                ObjectName(ObjectNames.policy(policy.number)),
                SignedRecord.sign(policy, with: fixture.repository.keyring.signingKey)
            )
            self.fixture = fixture
        }

        func put(
            _ number: UInt64,
            held: [ObjectHash] = [],
            released: [ObjectHash] = [],
            until: Int64 = 0,
            byManager: Bool = false
        ) throws {
            let key =
                try byManager
                ? SigningKey(seed: managerSeed.secret) : SigningKey(seed: fixture.repository.keyring.signingKey.seed())
            let record = Hold(
                repository: fixture.repository.id,
                signer: try MemberID(of: key.publicKey),
                number: number,
                time: 1,
                held: held.sorted(),
                released: released.sorted(),
                until: until,
                reason: "case 7"
            )
            try fixture.store.put(ObjectName(ObjectNames.hold(number)), SignedRecord.sign(record, with: key))
        }

        /// Forgets without asking whether there is a hold, as another program would; the object stays.
        func forgetBlindly(_ id: ObjectHash) throws {
            let repository = try fixture.open()
            let log = try CommitLog.load(repository)
            let commit = try #require(log.commits.first { $0.id == id })
            // The program itself refuses.
            if !log.holds.holds(of: id, now: nil).isEmpty {
                #expect(throws: RepositoryError.self) { try repository.forget([commit], log: log) }
            }
            let record = Forgotten(
                repository: repository.id,
                signer: repository.keyring.member,
                number: log.forgotten.nextNumber,
                time: 1,
                commits: [
                    ForgottenCommit(
                        member: commit.commit.signer,
                        incarnation: commit.commit.incarnation,
                        number: commit.commit.number,
                        hash: id,
                        previous: commit.commit.previous
                    )
                ]
            )
            try fixture.store.put(
                ObjectName(ObjectNames.forgotten(record.number)),
                SignedRecord.sign(record, with: repository.keyring.signingKey)
            )
        }

        func load(now: Int64 = 1000) throws -> CommitLog {
            try CommitLog.load(try fixture.open(environment: RepositoryEnvironment(now: { now })))
        }
    }

    @Test func whatIsOnHoldCountsThoughARecordForgetsIt() throws {
        let held = try Held()
        try held.put(0, held: [held.ids[1]])
        try held.forgetBlindly(held.ids[1])
        let log = try held.load()
        #expect(log.commits.count == 3)
        #expect(log.leftovers.isEmpty)
        #expect(log.problems.map(\.kind) == [.hold])
        #expect(log.problems.first?.message.contains("is on hold, and a record says") ?? false)
        // Released it is forgotten.
        try held.put(1, released: [held.ids[1]])
        #expect(try held.load().commits.count == 2)
        #expect(try held.load().problems.isEmpty)
    }

    @Test func aHoldThatWasBrokenIsTold() throws {
        let held = try Held()
        try held.put(0, held: [held.ids[0]])
        try held.forgetBlindly(held.ids[0])
        let name = try #require(try held.fixture.names("commits/").first { $0.path.contains(held.ids[0].hex) })
        held.fixture.store.overwrite(name, with: nil)
        let log = try held.load()
        #expect(log.commits.count == 2)
        #expect(log.problems.map(\.kind) == [.hold])
        #expect(log.problems.first?.message.contains("it is gone") ?? false)
    }

    @Test func aHoldRunsOut() throws {
        let held = try Held()
        try held.put(0, held: [held.ids[0]], until: 5_000_000_000_000_000_000)
        try held.forgetBlindly(held.ids[0])
        #expect(try held.load(now: 4_999_999_999_999_999_999).commits.count == 3)
        #expect(try held.load(now: 5_000_000_000_000_000_000).commits.count == 2)
    }

    @Test func noManagerReleasesWhatAnOwnerHolds() throws {
        let held = try Held()
        try held.put(0, held: [held.ids[0]])
        try held.put(1, held: [held.ids[1]], byManager: true)
        try held.put(2, released: [held.ids[0], held.ids[1]], byManager: true)
        let log = try held.load()
        #expect(log.holds.holds(of: held.ids[0], now: 1000).count == 1)
        #expect(log.holds.holds(of: held.ids[1], now: 1000).isEmpty)
        #expect(log.problems.map(\.kind) == [.hold])
        // A hold of the manager's own that runs out at once does not take the owner's away either.
        try held.put(3, held: [held.ids[0]], until: 1, byManager: true)
        #expect(try held.load().holds.holds(of: held.ids[0], now: 1000).count == 1)
        try held.put(4, released: [held.ids[0]])
        #expect(try held.load().holds.holds(of: held.ids[0], now: 1000).isEmpty)
    }

    @Test("Row 4: records of holds that are missing are told of") func row4Missing() throws {
        let held = try Held()
        try held.put(0, held: [held.ids[0]])
        try held.put(1, held: [held.ids[1]])
        held.fixture.store.overwrite(try ObjectName(ObjectNames.hold(0)), with: nil)
        #expect(try held.load().problems.map(\.kind) == [.hold])
    }
}
