import Cryptography
import FileSystem
import ObjectStorage
import Records
import Repository
import TestSupport
import Testing

/// Commits: forged ones, and chains with holes, forks and roll-backs.
@Suite struct CommitLogTests {
    /// A commit that is right in every part, to be changed.
    private func template(_ fixture: RepositoryFixture) throws -> Commit {
        try fixture.repository.commitChunks([[1, 2, 3]])
        let log = try CommitLog.load(fixture.repository)
        #expect(log.problems.isEmpty)
        var commit = try #require(log.commits.last).commit
        commit.incarnation = try Incarnation.random()
        commit.number = 1
        commit.previous = nil
        return commit
    }

    private func put(_ commit: Commit, _ object: [UInt8], in store: MemoryObjectStore) throws -> ObjectHash {
        let id = try unsafe SHA256.hash(object.span.bytes)
        let name = ObjectNames.commit(
            member: commit.signer,
            incarnation: commit.incarnation,
            number: commit.number,
            hash: id
        )
        try store.put(ObjectName(name), object)
        return id
    }

    @discardableResult
    private func put(_ commit: Commit, signedBy key: borrowing SigningKey, in store: MemoryObjectStore) throws
        -> ObjectHash
    {
        try put(commit, SignedRecord.sign(commit, with: key), in: store)
    }

    /// How a commit is forged.
    enum Forgery: String, CaseIterable, Sendable {
        case wrongKeyUnderMembersName, memberInNoPolicy, reader, replica, otherRepository, unknownPolicy,
            wrongPolicyHash
        case wrongSerial, expired, notYetValid, foreignDomain, revoked, revokedAfterAccepted, nameOfOtherMember
        case nameOfOtherNumber, nameOfOtherIncarnation
    }

    @Test("Row 5: a forged commit is in no list, and told of", arguments: Forgery.allCases)
    func row5Forged(_ forgery: Forgery) throws {
        let fixture = try RepositoryFixture()
        var commit = try template(fixture)
        let owner = try fixture.repository.keyring.signingKey.seed()
        let ownerKey = try SigningKey(seed: owner)
        let other = try SigningKey.generate()
        var signer = try SigningKey(seed: owner)
        var name: ObjectName?
        /// Adds a member, and lets the commit be the member's under the new policy.
        func addMember(_ change: (inout PolicyMember) -> Void) throws {
            var policy = fixture.repository.policy
            policy.number += 1
            policy.previous = fixture.repository.policies.headHash
            var member = PolicyMember(
                id: try MemberID(of: other.publicKey),
                name: "other",
                key: other.publicKey,
                role: .writer,
                certificateSerial: 5
            )
            change(&member)
            policy.members.append(member)
            let object = try SignedRecord.sign(policy, with: ownerKey)
            try fixture.store.put(ObjectName(ObjectNames.policy(policy.number)), object)
            commit.act(as: member.id)
            commit.policyNumber = policy.number
            commit.policyHash = try unsafe SHA256.hash(object.span.bytes)
            commit.certificateSerial = 5
            signer = try SigningKey(seed: other.seed())
        }
        func revoke(accepting accepted: [AcceptedHead]) throws {
            let chain = try fixture.open().policies
            var policy = chain.current
            policy.number += 1
            policy.previous = chain.headHash
            policy.revocations = [Revocation(member: commit.signer, time: 1, accepted: accepted)]
            try fixture.store.put(
                ObjectName(ObjectNames.policy(policy.number)),
                SignedRecord.sign(policy, with: ownerKey)
            )
        }
        func nameOf(member: MemberID? = nil, incarnation: Incarnation? = nil, number: UInt64? = nil) throws {
            let object = try SignedRecord.sign(commit, with: signer)
            name = try unsafe ObjectName(
                ObjectNames.commit(
                    member: member ?? commit.signer,
                    incarnation: incarnation ?? commit.incarnation,
                    number: number ?? commit.number,
                    hash: SHA256.hash(object.span.bytes)
                )
            )
        }
        let seconds = commit.time / 1_000_000_000
        switch forgery {
        case .wrongKeyUnderMembersName, .memberInNoPolicy: signer = try SigningKey(seed: other.seed())
        case .reader: try addMember { $0.role = .reader }
        case .replica: try addMember { $0.role = .replica }
        case .otherRepository: commit.repository = Digest([UInt8](repeating: 3, count: 32)) ?? .zero
        case .unknownPolicy: commit.policyNumber = 7
        case .wrongPolicyHash: commit.policyHash = Digest([UInt8](repeating: 3, count: 32)) ?? .zero
        case .wrongSerial: try addMember { $0.certificateSerial = 6 }
        case .expired: try addMember { $0.notAfter = seconds - 1 }
        case .notYetValid: try addMember { $0.notBefore = seconds + 1 }
        case .foreignDomain:
            let domain = try DomainID.random()
            try addMember { $0.domains = [domain] }
        case .revoked:
            try addMember { _ in }
            try revoke(accepting: [])
        case .revokedAfterAccepted:
            try addMember { _ in }
            let hash = Digest([UInt8](repeating: 3, count: 32)) ?? .zero
            try revoke(accepting: [AcceptedHead(incarnation: commit.incarnation, number: 1, hash: hash)])
        case .nameOfOtherMember: try nameOf(member: try MemberID(of: other.publicKey))
        case .nameOfOtherNumber: try nameOf(number: 2)
        case .nameOfOtherIncarnation: try nameOf(incarnation: try Incarnation.random())
        }
        if forgery == .memberInNoPolicy || forgery == .wrongKeyUnderMembersName {
            let claimed = commit.signer
            commit.act(as: try MemberID(of: other.publicKey))
            var object = try SignedRecord.sign(commit, with: signer)
            if forgery == .wrongKeyUnderMembersName {
                // The body names the owner, the signature is another's.
                commit.act(as: claimed)
                let honest = try SignedRecord.sign(commit, with: ownerKey)
                object = honest.dropLast(64) + object.suffix(64)
            }
            _ = try put(commit, object, in: fixture.store)
        } else if let name {
            try fixture.store.put(name, try SignedRecord.sign(commit, with: signer))
        } else {
            try put(commit, signedBy: signer, in: fixture.store)
        }
        let repository = try fixture.open()
        let log = try CommitLog.load(repository)
        #expect(log.commits.count == 1)
        #expect(log.problems.contains { $0.isTampering && $0.message.contains("ignored") })
        // Nor does it move the heads that the next commit states and this host remembers.
        #expect(log.heads.count == 1)
    }

    @Test("Row 5: the commit that all forgeries are variations of counts") func row5TheTrueOneCounts() throws {
        let fixture = try RepositoryFixture()
        let commit = try template(fixture)
        try put(commit, signedBy: fixture.repository.keyring.signingKey, in: fixture.store)
        let log = try CommitLog.load(try fixture.open())
        #expect(log.commits.count == 2)
        #expect(log.problems.isEmpty)
    }

    /// A repository with three commits in one chain.
    private func chain(_ place: TemporaryDirectory) throws -> (RepositoryFixture, [Repository.Stored]) {
        let fixture = try RepositoryFixture(environment: RepositoryEnvironment(state: place.directory))
        let stored = try (0..<3).map { try fixture.repository.commitChunks([[UInt8($0)]]) }
        let log = try CommitLog.load(fixture.repository)
        #expect(log.problems.isEmpty)
        #expect(log.heads.values.map(\.number) == [3])
        return (fixture, stored)
    }

    private func commitName(_ number: Int, in fixture: RepositoryFixture) throws -> ObjectName {
        try fixture.names("commits/")[number - 1]
    }

    @Test("Row 4: a commit missing below others is told of, by member and number", arguments: [1, 2])
    func row4Gap(_ number: Int) throws {
        let place = try TemporaryDirectory()
        let (fixture, _) = try chain(place)
        fixture.store.overwrite(try commitName(number, in: fixture), with: nil)
        let log = try CommitLog.load(try fixture.open())
        #expect(log.commits.count == 2)
        #expect(log.problems.count == 1)
        let message = try #require(log.problems.first?.message)
        #expect(message.contains("commits \(number) to \(number)"))
        #expect(message.contains(fixture.repository.keyring.member.hex.prefix(8)))
        #expect(log.problems.allSatisfy { $0.isTampering })
    }

    @Test("Row 4: the newest commits withheld are told of by a host that has seen them", arguments: [1, 2, 3])
    func row4RollBack(_ kept: Int) throws {
        let place = try TemporaryDirectory()
        let (fixture, _) = try chain(place)
        let names = try fixture.names("commits/")
        let old = fixture.store.copy()
        for name in names.dropFirst(kept) { old.overwrite(name, with: nil) }
        let environment = RepositoryEnvironment(state: place.directory)
        for _ in 0..<2 {
            let log = try CommitLog.load(try fixture.open(old, environment: environment))
            #expect(log.commits.count == kept)
            #expect(log.problems.isEmpty == (kept == 3))
            #expect(log.problems.allSatisfy { $0.message.contains("seen commit 3") && $0.isTampering })
        }
        // All of them: not even the chain is left.
        for name in names { old.overwrite(name, with: nil) }
        let log = try CommitLog.load(try fixture.open(old, environment: environment))
        #expect(log.problems.count == 1)
        // A host without memory sees a whole, older history.
        #expect(try CommitLog.load(try fixture.open(old)).problems.isEmpty)
    }

    @Test("Row 4: two commits with one number are both kept, and told of") func row4Fork() throws {
        let place = try TemporaryDirectory()
        let (fixture, _) = try chain(place)
        var twin = try #require(try CommitLog.load(fixture.repository).commits.last).commit
        twin.time += 1
        try put(twin, signedBy: fixture.repository.keyring.signingKey, in: fixture.store)
        let log = try CommitLog.load(try fixture.open())
        #expect(log.commits.count == 4)
        #expect(log.problems.count == 1)
        #expect(log.problems[0].message.contains("two commits with number 3"))
    }

    @Test("Row 4: a chain continued from a clone is told of as a fork on a host that has seen one branch")
    func row4RewrittenHistory() throws {
        let place = try TemporaryDirectory()
        let (fixture, _) = try chain(place)
        let environment = RepositoryEnvironment(state: place.directory)
        let third = try #require(try CommitLog.load(fixture.repository).commits.last).commit
        let rewritten = fixture.store.copy()
        rewritten.overwrite(try commitName(3, in: fixture), with: nil)
        var other = third
        other.time += 1
        let key = try SigningKey(seed: fixture.repository.keyring.signingKey.seed())
        let hash = try put(other, signedBy: key, in: rewritten)
        var next = other
        next.number = 4
        next.previous = hash
        try put(next, signedBy: key, in: rewritten)
        // Twice: the alarm must not be learnt away.
        for _ in 0..<2 {
            let log = try CommitLog.load(try fixture.open(rewritten, environment: environment))
            #expect(log.problems.count == 1)
            #expect(log.problems.first?.message.contains("rewritten") ?? false)
        }
        #expect(try CommitLog.load(try fixture.open(environment: environment)).problems.isEmpty)
    }

    @Test func aCommitThatDoesNotFollowTheOneBeforeIsFound() throws {
        let place = try TemporaryDirectory()
        let (fixture, _) = try chain(place)
        var fourth = try #require(try CommitLog.load(fixture.repository).commits.last).commit
        fourth.number = 4
        fourth.previous = Digest([UInt8](repeating: 9, count: 32))
        try put(fourth, signedBy: fixture.repository.keyring.signingKey, in: fixture.store)
        let log = try CommitLog.load(try fixture.open())
        #expect(log.commits.count == 4)
        #expect(log.problems.count == 1)
        #expect(log.problems.first?.message.contains("does not follow") ?? false)
    }

    @Test("Row 4: a name without a commit behind it moves no head") func row4PlantedName() throws {
        let place = try TemporaryDirectory()
        let (fixture, _) = try chain(place)
        let environment = RepositoryEnvironment(state: place.directory)
        let last = try #require(try CommitLog.load(fixture.repository).commits.last).commit
        let planted = ObjectNames.commit(
            member: last.signer,
            incarnation: last.incarnation,
            number: 9999,
            hash: Digest([UInt8](repeating: 9, count: 32)) ?? .zero
        )
        try fixture.store.put(ObjectName(planted), [1, 2, 3])
        let log = try CommitLog.load(try fixture.open(environment: environment))
        #expect(!log.problems.isEmpty)
        #expect(log.heads.values.map(\.number) == [3])
        try fixture.store.remove(ObjectName(planted))
        #expect(try CommitLog.load(try fixture.open(environment: environment)).problems.isEmpty)
        // The chain goes on where it was.
        try fixture.open(environment: environment).commitChunks([[9]])
        #expect(try CommitLog.load(fixture.repository).heads.values.map(\.number) == [4])
    }

    @Test func aHostThatLostItsStateStartsAnotherChain() throws {
        let place = try TemporaryDirectory()
        let (fixture, _) = try chain(place)
        try fixture.open().commitChunks([[9]])
        let log = try CommitLog.load(try fixture.open())
        #expect(log.problems.isEmpty)
        #expect(log.heads.count == 2)
        // It states what it has seen of the other chain.
        #expect(log.commits.last?.commit.heads.map(\.number) == [3])
    }
}

extension Commit {
    /// Lets another member be the one that commits; its own lists are then that member's.
    fileprivate mutating func act(as member: MemberID) {
        signer = member
        for index in addedPackLists.indices { addedPackLists[index].member = member }
    }
}
