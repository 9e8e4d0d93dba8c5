import Cryptography
import FileSystem
import ObjectStorage
import Records
import Repository
import TestSupport
import Testing

/// The chain of policies, and what a host remembers of it.
@Suite struct PolicyChainTests {
    /// Signs the next policy with any key, and puts it into the store.
    private func publish(
        _ fixture: RepositoryFixture,
        key: borrowing SigningKey,
        after chain: PolicyChain,
        _ change: (inout Policy) -> Void = { _ in }
    ) throws {
        var policy = chain.current
        policy.number += 1
        policy.previous = chain.headHash
        policy.signer = try MemberID(of: key.publicKey)
        change(&policy)
        let object = try SignedRecord.sign(policy, with: key)
        try fixture.store.put(ObjectName(ObjectNames.policy(policy.number)), object)
    }

    private func member(_ key: borrowing SigningKey, _ role: MemberRole) throws -> PolicyMember {
        PolicyMember(
            id: try MemberID(of: key.publicKey),
            name: "other",
            key: key.publicKey,
            role: role,
            certificateSerial: 2
        )
    }

    private func state(_ place: TemporaryDirectory) -> RepositoryEnvironment {
        RepositoryEnvironment(state: place.directory)
    }

    @Test func onlyAnOwnerOfThePolicyBeforeSigns() throws {
        for role in MemberRole.allCases {
            let fixture = try RepositoryFixture()
            let other = try SigningKey.generate()
            let added = try member(other, role)
            try publish(fixture, key: fixture.repository.keyring.signingKey, after: fixture.repository.policies) {
                $0.members.append(added)
            }
            let chain = try fixture.open().policies
            #expect(chain.policies.count == 2)
            try publish(fixture, key: other, after: chain)
            // What nobody entitled has signed is passed over, and told.
            let warnings = Warnings()
            let seen = try fixture.open(environment: RepositoryEnvironment(warn: warnings.add)).policies
            #expect(seen.policies.count == (role == .owner ? 3 : 2))
            #expect(seen.strays.count == (role == .owner ? 0 : 1))
            #expect(warnings.all.count == seen.strays.count)
        }
    }

    @Test("Row 5: a revoked owner signs no policy") func row5ARevokedOwnerIsNone() throws {
        let fixture = try RepositoryFixture()
        let other = try SigningKey.generate()
        let added = try member(other, .owner)
        try publish(fixture, key: fixture.repository.keyring.signingKey, after: fixture.repository.policies) {
            $0.members.append(added)
            $0.revocations = [Revocation(member: added.id, time: 1, accepted: [])]
        }
        let chain = try fixture.open().policies
        try publish(fixture, key: other, after: chain)
        let seen = try fixture.open().policies
        #expect(seen.headHash == chain.headHash)
        #expect(seen.strays.map(\.name) == [ObjectNames.policy(2)])
    }

    @Test func aStrangerSignsNoPolicy() throws {
        let fixture = try RepositoryFixture()
        let stranger = try SigningKey.generate()
        let added = try member(stranger, .owner)
        // The policy makes its own signer an owner.
        try publish(fixture, key: stranger, after: fixture.repository.policies) { $0.members.append(added) }
        let seen = try fixture.open().policies
        #expect(seen.headHash == fixture.repository.policies.headHash)
        #expect(seen.strays.count == 1)
    }

    @Test(
        "Row 4: planted policies lock nobody out, and the owner goes on",
        arguments: [1, 2, 77, 9_999_999_999] as [UInt64]
    )
    func row4PlantedPolicies(number: UInt64) throws {
        let fixture = try RepositoryFixture()
        let first = try #require(fixture.store.contents[ObjectName(ObjectNames.policy(0))])
        var damaged = first
        damaged[damaged.count - 1] ^= 1
        // Noise, a copy of a true policy, one whose signature is broken, one too large to be read.
        for object in [[1, 2, 3], first, damaged, [UInt8](repeating: 0, count: 5 << 20), []] {
            let copy = fixture.store.copy()
            let name = try ObjectName(ObjectNames.policy(number))
            try copy.put(name, object)
            let warnings = Warnings()
            let place = try TemporaryDirectory()
            let environment = RepositoryEnvironment(state: place.directory, warn: warnings.add)
            let repository = try fixture.open(copy, environment: environment)
            #expect(repository.policies.headHash == fixture.repository.policies.headHash)
            #expect(warnings.all.contains { $0.contains(name.path) })
            for _ in 0..<3 {
                let secret = SecretHolder(try Secret.random(count: 32))
                _ = try repository.addSlot(NewSlot(.secret(secret, .recoveryWords), label: "x"))
            }
            #expect(try fixture.open(copy, environment: environment).policy.number == 3)
        }
    }

    @Test("Row 4: an owner's policy behind a gap shows that one is withheld")
    func row4AGapAlarms() throws {
        let fixture = try RepositoryFixture()
        for _ in 0..<3 {
            let secret = SecretHolder(try Secret.random(count: 32))
            _ = try fixture.repository.addSlot(NewSlot(.secret(secret, .recoveryWords), label: "x"))
        }
        let name = try ObjectName(ObjectNames.policy(2))
        // Gone, and replaced by what nobody has signed.
        for replacement in [nil, [1, 2, 3]] as [[UInt8]?] {
            let copy = fixture.store.copy()
            copy.overwrite(name, with: replacement)
            let error = #expect(throws: RepositoryError.self) { try fixture.open(copy) }
            #expect(error?.code == .integrity)
            #expect(error?.message.contains("policy 2") ?? false)
        }
    }

    @Test("Row 4: a host that has seen a later policy does not fall back because it was damaged")
    func row4ADamagedHeadIsNoFallback() throws {
        let place = try TemporaryDirectory()
        let fixture = try RepositoryFixture()
        let secret = SecretHolder(try Secret.random(count: 32))
        _ = try fixture.repository.addSlot(NewSlot(.secret(secret, .recoveryWords), label: "x"))
        _ = try fixture.open(environment: state(place))
        fixture.store.overwrite(try ObjectName(ObjectNames.policy(1)), with: [1, 2, 3])
        let error = #expect(throws: RepositoryError.self) { try fixture.open(environment: state(place)) }
        #expect(error?.code == .integrity)
        // Nor does a chain whose middle differs pass because its head is higher.
        try LocalStateFile(directory: place.directory).update { state in
            state.policyNumber = 0
            state.policyHash = .zero
        }
        #expect(throws: RepositoryError.self) { try fixture.open(environment: state(place)) }
    }

    @Test func aPolicyThatAsksForAnUnknownFeatureIsRefusedByName() throws {
        let fixture = try RepositoryFixture()
        try publish(fixture, key: fixture.repository.keyring.signingKey, after: fixture.repository.policies) {
            $0.features = ["time-travel"]
        }
        let error = #expect(throws: RepositoryError.self) { try fixture.open() }
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("time-travel") ?? false)
    }

    @Test func aMissingPolicyInTheMiddleIsFound() throws {
        let fixture = try RepositoryFixture()
        for _ in 0..<2 {
            let secret = SecretHolder(try Secret.random(count: 32))
            _ = try fixture.repository.addSlot(NewSlot(.secret(secret, .recoveryWords), label: "x"))
        }
        for number in 0..<2 {
            let copy = fixture.store.copy()
            copy.overwrite(try ObjectName(ObjectNames.policy(UInt64(number))), with: nil)
            let error = #expect(throws: RepositoryError.self) { try fixture.open(copy) }
            #expect(error?.code == .integrity)
        }
    }

    @Test("Row 4: a policy that was rolled back is recognised by a host that has seen the later one")
    func row4PolicyRollBack() throws {
        let place = try TemporaryDirectory()
        let fixture = try RepositoryFixture()
        let old = fixture.store.copy()
        let secret = SecretHolder(try Secret.random(count: 32))
        _ = try fixture.repository.addSlot(NewSlot(.secret(secret, .recoveryWords), label: "x"))
        _ = try fixture.open(environment: state(place))
        let error = #expect(throws: RepositoryError.self) { try fixture.open(old, environment: state(place)) }
        #expect(error?.code == .integrity)
        #expect(error?.message.contains("rolled back") ?? false)
        // A host without memory cannot know; the true store is opened as ever.
        _ = try fixture.open(old)
        _ = try fixture.open(environment: state(place))
    }

    @Test("Row 4: a forked policy is recognised by a host that has seen the other one")
    func row4PolicyFork() throws {
        let place = try TemporaryDirectory()
        let fixture = try RepositoryFixture()
        let fork = fixture.store.copy()
        let chain = fixture.repository.policies
        try publish(fixture, key: fixture.repository.keyring.signingKey, after: chain) { $0.time = 1 }
        _ = try fixture.open(environment: state(place))
        var other = chain.current
        other.number = 1
        other.previous = chain.headHash
        other.time = 2
        try fork.put(
            ObjectName(ObjectNames.policy(1)),
            SignedRecord.sign(other, with: fixture.repository.keyring.signingKey)
        )
        let error = #expect(throws: RepositoryError.self) { try fixture.open(fork, environment: state(place)) }
        #expect(error?.message.contains("forked") ?? false)
    }

    @Test func aDamagedStateFileIsLikeNone() throws {
        let place = try TemporaryDirectory()
        let fixture = try RepositoryFixture()
        _ = try fixture.open(environment: state(place))
        let name = Array("state".utf8)
        let whole = try place.directory.readFile(name, limit: 1 << 20)
        for index in whole.indices {
            var damaged = whole
            damaged[index] ^= 1
            try place.directory.writeFileAtomically(name, damaged)
            #expect(LocalStateFile(directory: place.directory).load() == LocalState())
        }
        try place.directory.writeFileAtomically(name, Array(whole.prefix(10)))
        _ = try fixture.open(environment: state(place))
        #expect(LocalStateFile(directory: place.directory).load().policyHash != nil)
    }
}
