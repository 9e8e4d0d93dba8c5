import Cryptography
import Testing

@testable import Records

struct PolicyTests {
    private func policy() throws -> Policy {
        let key = try testKey().publicKey
        let owner = PolicyMember(
            id: try MemberID(of: key),
            name: "owner",
            key: key,
            role: .owner,
            certificateSerial: 1
        )
        return Policy(
            repository: try testDigest(1),
            signer: owner.id,
            number: 0,
            previous: nil,
            time: 1,
            suite: .aes256GCM,
            members: [owner],
            domains: [PolicyDomain(id: try testIdentifier(1), name: "main", epoch: 1, readers: [])],
            managers: [],
            slots: [try testDigest(1)]
        )
    }

    private func refusal(_ change: (inout Policy) throws -> Void) throws -> RecordError {
        var policy = try policy()
        try policy.validate()
        try change(&policy)
        let error = try recordError { try policy.validate() }
        // A policy that is not valid is not read either.
        #expect(try recordError { _ = try Policy(decoding: policy.encodedBody()) } == error)
        return error
    }

    @Test func membersAreUniqueAndFitTheirKeys() throws {
        #expect(try refusal { $0.members.append($0.members[0]) }.message.contains("twice"))
        #expect(try refusal { $0.members[0].id = try testIdentifier(9) }.message.contains("not the member's"))
        #expect(try refusal { $0.members = [] }.message.contains("no owner"))
        #expect(try refusal { $0.members[0].role = .manager }.message.contains("no owner"))
    }

    @Test func theFirstPolicyIsItsOwnersAndNamesNoneBefore() throws {
        #expect(try refusal { $0.signer = try testIdentifier(9) }.message.contains("no owner in it"))
        #expect(try refusal { $0.previous = try testDigest(1) }.message.contains("policy 0 names"))
        #expect(try refusal { $0.number = 1 }.message.contains("does not name"))
        var later = try policy()
        later.number = 1
        later.previous = try testDigest(1)
        later.signer = try testIdentifier(9)
        try later.validate()
    }

    @Test func domainsSlotsAndRevocationsAreUnique() throws {
        #expect(try refusal { $0.domains.append($0.domains[0]) }.message.contains("domain twice"))
        #expect(try refusal { $0.slots.append($0.slots[0]) }.message.contains("ascending"))
        #expect(try refusal { $0.slots = [try testDigest(2), try testDigest(1)] }.message.contains("ascending"))
        #expect(try refusal { $0.slots = try (1...65).map { try testDigest($0) } }.code == .tooLarge)
        let revocation = Revocation(member: try testIdentifier(1), time: 1, accepted: [])
        #expect(try refusal { $0.revocations = [revocation, revocation] }.message.contains("twice"))
    }

    @Test func aKeyBoxHasRoomForEveryRecipient() throws {
        let keys = try (1...17).map { AgreementPublicKey(try testDigest($0)) }
        #expect(
            try refusal {
                $0.domains[0].readers = keys
                $0.managers = Array(keys.prefix(16))
            }.code == .tooLarge
        )
        var policy = try policy()
        policy.domains[0].readers = Array(keys.prefix(16))
        policy.managers = Array(keys.prefix(16))
        try policy.validate()
    }

    @Test func findsMembersAndOwners() throws {
        var policy = try policy()
        let owner = policy.members[0].id
        #expect(policy.member(owner)?.name == "owner")
        #expect(try policy.member(testIdentifier(9)) == nil)
        #expect(policy.isOwner(owner))
        #expect(try policy.domain(testIdentifier(1))?.name == "main")
        policy.revocations = [Revocation(member: owner, time: 1, accepted: [])]
        #expect(!policy.isOwner(owner))
    }

    @Test func certificatesAreBoundedInTimeAndDomain() throws {
        var member = try policy().members[0]
        #expect(member.isValid(at: .min) && member.isValid(at: .max))
        member.notBefore = 10
        member.notAfter = 20
        #expect([9, 10, 20, 21].map(member.isValid(at:)) == [false, true, true, false])
        #expect(member.mayUse(try testIdentifier(1)))
        member.domains = [try testIdentifier(2)]
        #expect(member.mayUse(try testIdentifier(2)))
        #expect(!member.mayUse(try testIdentifier(1)))
    }

    @Test func featuresAreRefusedByName() throws {
        var policy = try policy()
        try policy.requireKnownFeatures()
        policy.features = ["a", "b"]
        try policy.requireKnownFeatures(["a", "b"])
        let error = try recordError { try policy.requireKnownFeatures(["a"]) }
        #expect(error.code == .unsupported)
        #expect(error.message.contains("\"b\""))
    }

    @Test("Unknown suites and roles are refused by number")
    func unknownNumbers() throws {
        var body = try policy().encodedBody()
        let suite = try #require(body.indices.first { body[$0...].starts(with: [9, 1, 1]) })
        body[suite + 2] = 3
        let error = try recordError { _ = try Policy(decoding: body) }
        #expect(error.code == .unsupported)
        #expect(error.message.contains("cipher suite 3"))
    }
}
