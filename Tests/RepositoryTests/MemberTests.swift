import Cryptography
import ObjectStorage
import Records
import Repository
import Synchronization
import TestSupport
import Testing

/// How far a clock has been set forward.
private final class Shift: Sendable {
    private let value = Mutex<Int64>(0)
    var nanoseconds: Int64 { value.withLock { $0 } }
    func set(_ nanoseconds: Int64) { value.withLock { $0 = nanoseconds } }
}

/// Members, and the keys that their roles give them.
@Suite struct MemberTests {
    private let content: [UInt8] = Array("what was stored before".utf8)

    @Test(arguments: MemberRole.allCases)
    func everyRoleGetsItsKeysAndNoOthers(role: MemberRole) throws {
        let fixture = try RepositoryFixture()
        let stored = try fixture.repository.commitChunks([content])
        let member = try fixture.addMember(role)
        let opened = try member.open()
        let keyring = opened.keyring
        #expect(keyring.role == role)
        #expect(keyring.member == member.member.id)
        #expect((keyring.repositorySecret != nil) == (role == .owner))
        #expect(keyring.privateKeys.contains { $0.domain != nil } == (role == .owner || role == .reader))
        #expect(keyring.privateKeys.contains { $0.domain == nil } == (role == .owner || role == .manager))
        #expect(keyring.derivedKeys.isEmpty == (role == .owner || role == .replica))
        func load(_ id: ChunkID, _ type: ChunkType) -> RepositoryError.Code? {
            do {
                _ = try opened.loadChunk(id, type: type)
                return nil
            } catch {
                return (error as? RepositoryError)?.code
            }
        }
        let readsData = role == .owner || role == .reader
        #expect((load(stored.chunks[0], .data) == nil) == readsData)
        #expect((load(stored.root, .manifestPage) == nil) == (readsData || role == .manager))
        let commit = try #require(try CommitLog.load(opened).commits.first)
        if readsData || role == .manager {
            #expect(try opened.details(of: commit.commit).dataset == "test")
        } else {
            let error = #expect(throws: RepositoryError.self) { try opened.details(of: commit.commit) }
            #expect(error?.code == .notPermitted)
        }
        if role == .reader || role == .replica {
            let error = #expect(throws: RepositoryError.self) { try opened.commitChunks([[1, 2, 3]]) }
            #expect(error?.code == .notPermitted)
        } else {
            try opened.commitChunks([[1, 2, 3]])
            #expect(try CommitLog.load(fixture.open()).problems.isEmpty)
            #expect(try CommitLog.load(fixture.open()).commits.count == 2)
        }
        // Only an owner changes policies.
        if role != .owner {
            let error = #expect(throws: RepositoryError.self) { try opened.addDomain(named: "more") }
            #expect(error?.code == .notPermitted)
            #expect(throws: RepositoryError.self) { try opened.rotateKeys() }
        }
    }

    @Test("Row 7: a writer deduplicates against its own lists and reads nothing")
    func row7AWriterSkipsWhatItHasStored() throws {
        let fixture = try RepositoryFixture()
        let writer = try fixture.addMember(.writer)
        try writer.open().commitChunks([content, [1, 2, 3]])
        let packs = try fixture.names("packs/").count
        try writer.open().commitChunks([content, [1, 2, 3]])
        #expect(try fixture.names("packs/").count == packs)
        // What the owner has stored is not for the writer to refer to.
        try fixture.open().commitChunks([[4, 5, 6]])
        let before = try fixture.names("packs/").count
        let third = try writer.open().commitChunks([[4, 5, 6]])
        #expect(try fixture.names("packs/").count > before)
        #expect(throws: RepositoryError.self) { try writer.open().loadChunk(third.chunks[0]) }
        #expect(try fixture.open().loadChunk(third.chunks[0]) == [4, 5, 6])
    }

    @Test func aRotationReachesEveryMemberAndSparesWhatIsOld() throws {
        let fixture = try RepositoryFixture()
        let (writer, reader) = (try fixture.addMember(.writer), try fixture.addMember(.reader))
        let second = try fixture.addMember(.owner)
        let manager = try fixture.addMember(.manager)
        let old = try writer.open().commitChunks([content])
        let slots = try fixture.names("keys/")
        let domains = try fixture.open().rotateKeys()
        #expect(domains.map(\.epoch) == [2])
        // Old member slots are gone; the owner's base slot stays, and there are as many as there must be.
        #expect(try fixture.names("keys/").filter { slots.contains($0) }.count == 1)
        let new = try writer.open().commitChunks([content])
        #expect(new.chunks != old.chunks)
        for repository in [try fixture.open(), try reader.open(), try second.open()] {
            #expect(try repository.loadChunk(old.chunks[0]) == content)
            #expect(try repository.loadChunk(new.chunks[0]) == content)
        }
        for page in [old.root, new.root] { _ = try manager.open().loadChunk(page, type: .manifestPage) }
        let log = try CommitLog.load(try fixture.open())
        #expect(log.problems.isEmpty)
        // The dataset is the same in both epochs.
        #expect(Set(log.commits.map(\.commit.dataset)).count == 1)
        #expect(log.commits.map(\.commit.epoch) == [1, 2])
        // A second rotation by the other owner reaches the first.
        _ = try second.open().rotateKeys()
        let third = try writer.open().commitChunks([content])
        #expect(try fixture.open().loadChunk(third.chunks[0]) == content)
    }

    @Test func aRevokedReaderCannotOpenWhatIsWrittenAfterARotation() throws {
        let fixture = try RepositoryFixture()
        let (writer, reader) = (try fixture.addMember(.writer), try fixture.addMember(.reader))
        let old = try writer.open().commitChunks([content])
        // The thief keeps what the key gave: an open repository.
        let thief = try reader.open()
        let owner = try fixture.open()
        _ = try owner.revokeMember(reader.member.id, log: try CommitLog.load(owner))
        let refused = #expect(throws: RepositoryError.self) { try reader.open() }
        #expect(refused?.code == .wrongKey)
        #expect(refused?.message.contains("revoked") ?? false)
        let between = try writer.open().commitChunks([[1, 2, 3]])
        #expect(try thief.loadChunk(between.chunks[0]) == [1, 2, 3])
        _ = try fixture.open().rotateKeys()
        let after = try writer.open().commitChunks([[4, 5, 6]])
        #expect(try thief.loadChunk(old.chunks[0]) == content)
        for (id, type) in [(after.chunks[0], ChunkType.data), (after.root, .manifestPage)] {
            #expect(throws: RepositoryError.self) { try thief.loadChunk(id, type: type) }
        }
        // Not even with the header in hand: none of its keys is a recipient.
        let policy = try fixture.open().policy
        let recipients = policy.domains.flatMap(\.readers) + policy.managers
        #expect(thief.keyring.privateKeys.allSatisfy { !recipients.contains($0.publicKey) })
    }

    @Test("Row 5: what a revoked writer commits afterwards does not count")
    func row5ARevokedWriter() throws {
        let fixture = try RepositoryFixture()
        let writer = try fixture.addMember(.writer)
        let before = try writer.open().commitChunks([content])
        let stolen = try writer.open()
        let owner = try fixture.open()
        let revocation = try owner.revokeMember(writer.member.id, log: try CommitLog.load(owner))
        #expect(revocation.accepted.map(\.hash) == [before.snapshot])
        let late = try stolen.commitChunks([[6, 6, 6]])
        let log = try CommitLog.load(try fixture.open())
        #expect(log.commits.map(\.id) == [before.snapshot])
        #expect(log.problems.contains { $0.message.contains(late.snapshot.hex.prefix(8)) })
        // After a rotation its derived keys name nothing that others store.
        _ = try fixture.open().rotateKeys()
        let domain = try #require(try fixture.open().policy.domains.first)
        #expect(!stolen.keyring.hasKeys(domain: domain.id, epoch: domain.epoch))
        #expect(throws: RepositoryError.self) { try owner.revokeMember(owner.keyring.member, log: log) }
    }

    @Test func domainsAreKeptApart() throws {
        let fixture = try RepositoryFixture()
        _ = try fixture.open().addDomain(named: "tenant")
        let domain = try fixture.open().domain(named: "tenant")
        let writer = try fixture.addMember(.writer, domains: ["tenant"])
        let reader = try fixture.addMember(.reader, domains: ["tenant"])
        let other = try fixture.addMember(.reader, name: "other", domains: ["default"])
        let stored = try writer.open().commitChunks([content])
        let commit = try #require(try CommitLog.load(try fixture.open()).commits.first)
        #expect(commit.commit.domain == domain.id)
        #expect(try reader.open().loadChunk(stored.chunks[0]) == content)
        #expect(try fixture.open().loadChunk(stored.chunks[0]) == content)
        #expect(throws: RepositoryError.self) { try other.open().loadChunk(stored.chunks[0]) }
        var options = WriteOptions()
        options.domain = try fixture.open().domain(named: "default").id
        let refused = #expect(throws: RepositoryError.self) {
            try writer.open().commitChunks([content], options: options)
        }
        #expect(refused?.code == .notPermitted)
        // Rotating one domain leaves the other as it is.
        _ = try fixture.open().rotateKeys(domains: ["tenant"])
        #expect(try fixture.open().policy.domains.map(\.epoch) == [1, 2])
        let new = try writer.open().commitChunks([content])
        #expect(try reader.open().loadChunk(new.chunks[0]) == content)
    }

    @Test func aCertificateRunsOut() throws {
        let fixture = try RepositoryFixture()
        let writer = try fixture.addMember(.writer, validSeconds: 3600)
        try writer.open().commitChunks([content])
        let late = RepositoryEnvironment(now: { wallClockNanoseconds() + 3700 * 1_000_000_000 })
        let shift = Shift()
        let open = try writer.open(
            environment: RepositoryEnvironment(now: { wallClockNanoseconds() + shift.nanoseconds })
        )
        let error = #expect(throws: RepositoryError.self) { try writer.open(environment: late) }
        #expect(error?.code == .wrongKey)
        // One that was opened before adds nothing either.
        shift.set(3700 * 1_000_000_000)
        let refused = #expect(throws: RepositoryError.self) { try open.commitChunks([[1]]) }
        #expect(refused?.code == .notPermitted)
        // A rotation leaves it out.
        _ = try fixture.open(environment: late).rotateKeys()
        let member = try #require(try fixture.open().policy.member(writer.member.id))
        #expect(member.slots.isEmpty)
        #expect(throws: RepositoryError.self) { try writer.open() }
    }

    @Test func aLostCopyOfAnOwnersSlotIsNoLoss() throws {
        let fixture = try RepositoryFixture()
        _ = try fixture.open().rotateKeys()
        let stored = try fixture.open().commitChunks([content])
        let own = try #require(try fixture.open().policy.members.first).slots
        #expect(own.count == 2)
        for lost in own {
            for replacement in [nil, [1, 2, 3]] as [[UInt8]?] {
                let copy = fixture.store.copy()
                copy.overwrite(try ObjectName(ObjectNames.slot(lost)), with: replacement)
                #expect(try fixture.open(copy).loadChunk(stored.chunks[0]) == content)
            }
        }
    }

    @Test func onlyOwnersSlotsOfTheirOwnAreRemoved() throws {
        let fixture = try RepositoryFixture()
        let writer = try fixture.addMember(.writer)
        let error = #expect(throws: RepositoryError.self) { try fixture.open().removeSlot(writer.member.slots[0]) }
        #expect(error?.message.contains("member revoke") ?? false)
        // A writer's slot does not make the owner's last key dispensable.
        let last = try #require(try fixture.open().slot)
        #expect(throws: RepositoryError.self) { try fixture.open().removeSlot(last) }
    }
}
