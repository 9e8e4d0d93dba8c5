import Cryptography
import Testing

@testable import Records

/// The library writes and reads the bytes that format.md describes.
struct GoldenTests {
    private let time: Int64 = 1_700_000_000_000_000_000

    private func golden(_ name: String) throws -> [UInt8] {
        let digits = try #require(GoldenBytes.objects[name])
        return try #require(Hex.decode(digits))
    }

    /// Compares a signed record with the object of its name, both ways.
    private func compare<Body: SignedBody>(_ body: Body, _ name: String) throws {
        let object = try golden(name)
        let signed = try SignedRecord.sign(body, with: testKey())
        #expect(signed == object)
        let key = try testKey().publicKey
        let read = try SignedRecord.body(Body.self, of: object, signedBy: key, repository: testDigest(0xA0))
        #expect(read == body)
    }

    private func keyBox(purpose: UInt64) throws -> KeyBox {
        KeyBox(
            purpose: purpose,
            commitment: try testDigest(0x31),
            recipients: [
                KeyBoxRecipient(
                    recipient: [UInt8](repeating: 0x32, count: 8),
                    encapsulatedKey: [UInt8](repeating: 0x33, count: 32),
                    ciphertext: [UInt8](repeating: 0x34, count: 48)
                )
            ]
        )
    }

    private func head() throws -> CommitHead {
        CommitHead(
            member: try testIdentifier(0x41),
            incarnation: try testIncarnation(0x42),
            number: 300,
            hash: try testDigest(0x43)
        )
    }

    private func signer() throws -> (repository: RepositoryID, member: MemberID) {
        (try testDigest(0xA0), try MemberID(of: testKey().publicKey))
    }

    @Test func format() throws {
        let header = FormatHeader(created: time, repository: try testDigest(0xA0), rootPolicy: try testDigest(1))
        #expect(try header.encodedObject() == golden("format"))
        #expect(try FormatHeader(object: golden("format")) == header)
    }

    @Test func slot() throws {
        let header = KeySlotHeader(
            repository: try testDigest(0xA0),
            label: "laptop",
            kind: 1,
            created: time,
            suite: .chaCha20Poly1305,
            salt: [UInt8](repeating: 1, count: 32),
            scryptLog2N: 17,
            scryptR: 8,
            scryptP: 1,
            commitment: try testDigest(2)
        )
        #expect(try header.encodedPrefix() == golden("slot").dropLast(7))
        #expect(try KeySlotHeader(object: golden("slot")) == header)
    }

    @Test func pack() throws {
        let header = PackHeader(
            repository: try testDigest(0xA0),
            suite: .aes256GCM,
            domain: try testIdentifier(1),
            epoch: 2,
            member: try signer().member,
            run: try testIdentifier(3),
            type: 1,
            salt: [UInt8](repeating: 4, count: 32),
            keyBox: try keyBox(purpose: 1)
        )
        #expect(try header.encodedPrefix() == golden("pack"))
        #expect(try PackHeader(decoding: golden("pack")) == header)
        #expect(try PackHeader.byteCount(fromFirst: Array(golden("pack").prefix(12))) == golden("pack").count)
    }

    @Test func policy() throws {
        let (repository, member) = try signer()
        let key = try testKey().publicKey
        let policy = Policy(
            repository: repository,
            signer: member,
            number: 0,
            previous: nil,
            time: time,
            suite: .aes256GCM,
            members: [
                PolicyMember(
                    id: member,
                    name: "owner",
                    key: key,
                    role: .owner,
                    certificateSerial: 1,
                    domains: [try testIdentifier(2)],
                    notBefore: -1,
                    notAfter: 2
                )
            ],
            domains: [
                PolicyDomain(
                    id: try testIdentifier(2),
                    name: "main",
                    epoch: 1,
                    readers: [AgreementPublicKey(try testDigest(3))]
                )
            ],
            managers: [AgreementPublicKey(try testDigest(4))],
            slots: [try testDigest(5), try testDigest(6)],
            features: ["x"],
            revocations: [
                Revocation(
                    member: try testIdentifier(7),
                    time: time,
                    accepted: [AcceptedHead(incarnation: try testIncarnation(8), number: 9, hash: try testDigest(10))]
                )
            ],
            retention: RetentionLimits(leastDays: 30, mostDays: 365)
        )
        try compare(policy, "policy")
    }

    @Test func packList() throws {
        let (repository, member) = try signer()
        let list = PackList(
            repository: repository,
            signer: member,
            domain: try testIdentifier(1),
            epoch: 1,
            run: try testIdentifier(2),
            number: 3,
            kind: .added,
            packs: [
                PackReference(name: try testDigest(4), byteCount: 5),
                PackReference(name: try testDigest(6), byteCount: 1 << 40),
            ],
            fragments: [PackReference(name: try testDigest(7), byteCount: 8)]
        )
        try compare(list, "packList")
    }

    @Test func commit() throws {
        let (repository, member) = try signer()
        let run: RunID = try testIdentifier(4)
        let commit = Commit(
            repository: repository,
            signer: member,
            domain: try testIdentifier(1),
            epoch: 2,
            incarnation: try testIncarnation(3),
            run: run,
            certificateSerial: 5,
            policyNumber: 6,
            policyHash: try testDigest(7),
            dataset: try testIdentifier(8),
            number: 9,
            previous: try testDigest(10),
            time: -time,
            root: PageReference(chunk: try testDigest(11), level: 2),
            addedPackLists: [
                PackListReference(member: member, run: run, number: 0, hash: try testDigest(12)),
                PackListReference(member: member, run: run, number: 1, hash: try testDigest(13)),
            ],
            referredPackLists: [
                PackListReference(
                    member: try testIdentifier(14),
                    run: try testIdentifier(15),
                    number: 16,
                    hash: try testDigest(17)
                )
            ],
            heads: [try head()],
            keyBox: try keyBox(purpose: 2),
            salt: [UInt8](repeating: 18, count: 32),
            sealed: Array("sealed".utf8),
            interval: 86_400,
            knowledge: [SiteKnowledge(site: try testIdentifier(19), counter: 20)],
            replaced: try testDigest(21)
        )
        try compare(commit, "commit")
    }

    @Test func lease() throws {
        let (repository, member) = try signer()
        let lease = Lease(
            repository: repository,
            signer: member,
            member: member,
            run: try testIdentifier(1),
            number: 2,
            state: .active,
            time: time,
            seconds: 1800,
            activity: .backup,
            boot: try testIdentifier(3),
            process: 4242,
            processStart: 99
        )
        try compare(lease, "lease")
    }

    @Test func recordsOfLaterParts() throws {
        let (repository, member) = try signer()
        try compare(
            Attestation(
                repository: repository,
                signer: member,
                domain: try testIdentifier(1),
                epoch: 2,
                number: 3,
                previous: try testDigest(4),
                packs: [PackReference(name: try testDigest(5), byteCount: 6)],
                time: time
            ),
            "attestation"
        )
        try compare(
            PrunePlan(
                repository: repository,
                signer: member,
                number: 1,
                time: time,
                packs: [PackReference(name: try testDigest(2), byteCount: 3)],
                fragments: [try testDigest(4), try testDigest(5)],
                replacements: [ReplacedPack(old: try testDigest(2), new: [try testDigest(6), try testDigest(7)])]
            ),
            "plan"
        )
        try compare(
            PlanDone(
                repository: repository,
                signer: member,
                number: 1,
                plan: try testDigest(2),
                time: time,
                heads: [try head()],
                kept: [try testDigest(3)]
            ),
            "planDone"
        )
        let forgotten = ForgottenCommit(
            member: try testIdentifier(2),
            incarnation: try testIncarnation(3),
            number: 4,
            hash: try testDigest(5),
            previous: try testDigest(6)
        )
        try compare(
            Forgotten(repository: repository, signer: member, number: 1, time: time, commits: [forgotten]),
            "forgotten"
        )
        try compare(
            Receipt(
                repository: repository,
                signer: member,
                number: 1,
                commit: try testDigest(2),
                time: time,
                target: "büro"
            ),
            "receipt"
        )
        let ranges = [
            ErasedRange(offset: 0, length: 4096, replacement: nil),
            ErasedRange(offset: 8192, length: 1, replacement: try testDigest(3)),
        ]
        try compare(
            Erasure(
                repository: repository,
                signer: member,
                number: 1,
                time: time,
                replacements: [ErasedChunk(chunk: try testDigest(2), ranges: ranges)]
            ),
            "erasure"
        )
        try compare(
            AuditEntry(
                repository: repository,
                signer: member,
                number: 1,
                previous: try testDigest(2),
                time: time,
                event: "check",
                details: [AuditDetail(name: "packs", value: "3")]
            ),
            "audit"
        )
    }
}
