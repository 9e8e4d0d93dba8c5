import Cryptography
import ObjectStorage
import Records
import TestSupport
import Testing

@testable import Repository

/// Attempts on the enrolment and on the slots of members.
@Suite struct MemberAttackTests {
    private func request(_ fixture: RepositoryFixture) throws -> String {
        let side = try PublicRepository(store: fixture.store)
        let file = try MemberKeyFile.make(repository: side.format.repository, rootOwner: try side.rootOwner())
        return try MemberRequest(file, name: "web1").text(signedWith: file)
    }

    @Test func everyAlteredRequestIsRefused() throws {
        let fixture = try RepositoryFixture()
        let line = try request(fixture)
        let whole = try MemberRequest(parsing: " \(line.prefix(100))\n \(line.dropFirst(100)) \n")
        #expect(whole.name == "web1")
        let characters = Array(line)
        for index in characters.indices {
            var altered = characters
            altered[index] = altered[index] == "0" ? "1" : "0"
            #expect(throws: (any Error).self) { try MemberRequest(parsing: String(altered)) }
            #expect(throws: (any Error).self) { try MemberRequest(parsing: String(characters[..<index])) }
        }
        // Whoever mends the check does not mend the signature.
        let prefix = "holdfast-member-request-1:"
        var bytes = try #require(Hex.decode(String(line.dropFirst(prefix.count))))
        for index in 0..<(bytes.count - 68) {
            bytes[index] ^= 1
            let signed = Array(bytes.dropLast(4))
            let check = try unsafe SHA256.hash(signed.span.bytes).bytes.prefix(4)
            let mended = signed + check
            let text = unsafe Hex.encode(mended.span.bytes)
            #expect(throws: (any Error).self) { try MemberRequest(parsing: prefix + text) }
            bytes[index] ^= 1
        }
    }

    @Test func requestsAreForOneRepositoryAndOnce() throws {
        let fixture = try RepositoryFixture()
        let foreign = try MemberRequest(parsing: try request(try RepositoryFixture()))
        let error = #expect(throws: RepositoryError.self) {
            try fixture.open().addMember(NewMember(foreign, role: .writer))
        }
        #expect(error?.code == .invalidRequest)
        let own = try MemberRequest(parsing: try request(fixture))
        _ = try fixture.open().addMember(NewMember(own, role: .writer))
        #expect(throws: RepositoryError.self) { try fixture.open().addMember(NewMember(own, role: .reader)) }
        // A second key under the same name would be taken for the first.
        let namesake = try MemberRequest(parsing: try request(fixture))
        #expect(throws: RepositoryError.self) { try fixture.open().addMember(NewMember(namesake, role: .reader)) }
        #expect(try fixture.names("keys/").count == 2)
    }

    @Test("A store that shows a joining host a forged repository of the same id is found out")
    func aForgedRepositoryIsFoundOut() throws {
        let fixture = try RepositoryFixture()
        let writer = try fixture.addMember(.writer)
        // The store makes a repository of the same id, with an owner, a domain and reader keys of its own, and seals a
        // keyring to the writer's public key, which it knows from the policy.
        let thief = try forge(fixture, enrolling: writer.member)
        let error = #expect(throws: (any Error).self) { try writer.open(thief) }
        #expect((error as? RepositoryError)?.code == .integrity || error is RecordError)
        // A host that joins while it is shown the forged one asks the true owner in vain.
        let side = try PublicRepository(store: thief)
        let file = try MemberKeyFile.make(repository: side.format.repository, rootOwner: try side.rootOwner())
        let line = try MemberRequest(file, name: "web2").text(signedWith: file)
        let refused = #expect(throws: RepositoryError.self) {
            try fixture.open().addMember(NewMember(try MemberRequest(parsing: line), role: .writer))
        }
        #expect(refused?.message.contains("forged") ?? false)
    }

    private func forge(_ fixture: RepositoryFixture, enrolling member: PolicyMember) throws -> MemoryObjectStore {
        let store = MemoryObjectStore()
        let signingKey = try SigningKey.generate()
        let owner = signingKey.publicKey
        let domain = try DomainID.random()
        let reader = PrivateKey(domain: domain, key: try AgreementKey.generate())
        let keyring = try Keyring(
            repository: fixture.repository.id,
            rootOwner: owner,
            role: .owner,
            signingKey: signingKey,
            repositorySecret: SecretHolder(try Secret.random(count: 32)),
            privateKeys: [reader]
        )
        var policy = Policy(
            repository: fixture.repository.id,
            signer: keyring.member,
            number: 0,
            previous: nil,
            time: 1,
            suite: .aes256GCM,
            members: [
                PolicyMember(id: keyring.member, name: "owner", key: owner, role: .owner, certificateSerial: 1)
            ],
            domains: [PolicyDomain(id: domain, name: "default", epoch: 1, readers: [reader.publicKey])],
            managers: [],
            slots: []
        )
        var enrolled = member
        let grant = try KeyGrant(to: member, under: policy, from: keyring)
        let slot = try KeySlot.seal(
            grant,
            to: try #require(member.agreementKey),
            label: "x",
            time: 1,
            suite: .aes256GCM
        )
        let name = try unsafe SHA256.hash(slot.span.bytes)
        try store.put(ObjectName(ObjectNames.slot(name)), slot)
        enrolled.slots = [name]
        policy.members.append(enrolled)
        let object = try SignedRecord.sign(policy, with: keyring.signingKey)
        try store.put(ObjectName(ObjectNames.policy(0)), object)
        let header = FormatHeader(
            created: 1,
            repository: fixture.repository.id,
            rootPolicy: try unsafe SHA256.hash(object.span.bytes)
        )
        try store.put(ObjectName("format"), try header.encodedObject())
        // The forgery is a whole repository to whoever does not know its owner.
        _ = try PublicRepository(store: store)
        return store
    }

    @Test("Row 3: a member's slot serves no other member and no other repository")
    func row3SlotsAreNotSwapped() throws {
        let fixture = try RepositoryFixture()
        let (writer, reader) = (try fixture.addMember(.writer), try fixture.addMember(.reader))
        let store = fixture.store.copy()
        let readers = try #require(store.contents[ObjectName(ObjectNames.slot(reader.member.slots[0]))])
        store.overwrite(try ObjectName(ObjectNames.slot(writer.member.slots[0])), with: readers)
        let error = #expect(throws: RepositoryError.self) { try writer.open(store) }
        #expect(error?.code == .integrity)
    }

    @Test func aKeyFileIsReadAsItWasWrittenAndNotOtherwise() throws {
        let fixture = try RepositoryFixture()
        let writer = try fixture.addMember(.writer)
        let bytes = writer.keyFile.secret.withBytes { $0.copyBytes() }
        func open(_ bytes: [UInt8]) throws -> Repository {
            let secret = SecretHolder(try unsafe Secret(copying: bytes.span.bytes))
            return try Repository.open(
                store: fixture.store,
                credential: .keyFile(secret),
                environment: RepositoryEnvironment()
            )
        }
        let text = String(decoding: bytes, as: UTF8.self)
        _ = try open(Array("# more\n\n\(text.split(separator: "\n").joined(separator: "\r\n"))\r\n".utf8))
        let start = try #require(text.firstIndex(of: "\n").map { text.utf8.distance(from: text.startIndex, to: $0) })
        for index in (start + 1)..<bytes.count {
            var altered = bytes
            altered[index] = altered[index] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
            // The last line feed may be missing, and nothing else.
            if index == bytes.count - 1 { continue }
            let error = #expect(throws: RepositoryError.self) { try open(altered) }
            // The digit behind the kind says which version it is.
            #expect(error?.code == .wrongKey || error?.code == .unsupported, "byte \(index)")
            #expect(throws: RepositoryError.self) { try open(Array(bytes[..<index])) }
        }
    }

    @Test func theExampleIsNoMember() throws {
        let example = ExampleSecrets.slotSecret
        let seed = try unsafe Secret(copying: example.span.bytes)
        let file = MemberKeyFile(repository: .zero, rootOwner: VerifyingKey(.zero), seed: seed)
        let text = try file.text()
        let error = #expect(throws: RepositoryError.self) { _ = try MemberKeyFile(parsing: text) }
        #expect(error?.message.contains("keys.example") ?? false)
    }

    @Test(arguments: [false, true])
    func aLostAnswerLocksNobodyOut(hasEffect: Bool) throws {
        let fixture = try RepositoryFixture()
        let writer = try fixture.addMember(.writer)
        let failure = StorageError(.other, "write")
        let faulty = FaultyStore(
            fixture.store,
            rules: [.init(.create, prefix: "policy/", hasEffect ? .failAfterEffect(failure) : .fail(failure))]
        )
        #expect(throws: (any Error).self) { try fixture.open(faulty).rotateKeys() }
        #expect(try fixture.open().policy.domains[0].epoch == (hasEffect ? 2 : 1))
        let stored = try writer.open().commitChunks([[1, 2, 3]])
        #expect(try fixture.open().loadChunk(stored.chunks[0]) == [1, 2, 3])
    }

    @Test func twoOwnersAtOnceLeaveNoSlotsBehind() throws {
        let fixture = try RepositoryFixture()
        let first = try fixture.open()
        let second = try fixture.open()
        _ = try first.rotateKeys()
        let before = try fixture.names("keys/")
        let error = #expect(throws: RepositoryError.self) { try second.rotateKeys() }
        #expect(error?.code == .busy)
        #expect(try fixture.names("keys/") == before)
    }
}
