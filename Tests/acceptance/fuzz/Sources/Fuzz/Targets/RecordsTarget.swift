import Cryptography
import Records

@testable import RecordSamples

/// The fields of every record, signed or not.
final class RecordsTarget: FuzzTarget {
    static let name = "records"
    static let parsers = [
        "Records/Commits/Commit+Coding.swift", "Records/Commits/CommitHead.swift",
        "Records/Commits/PackListReference.swift", "Records/Commits/PageReference.swift",
        "Records/Commits/SiteKnowledge.swift", "Records/Format/FormatHeader.swift", "Records/Keys/KeyBox.swift",
        "Records/Keys/KeySlotHeader+Coding.swift", "Records/Leases/Lease.swift",
        "Records/Maintenance/Attestation.swift", "Records/Maintenance/AuditEntry.swift",
        "Records/Maintenance/ErasedChunk.swift", "Records/Maintenance/Erasure.swift",
        "Records/Maintenance/Forgotten.swift", "Records/Maintenance/PlanDone.swift",
        "Records/Maintenance/PrunePlan.swift", "Records/Maintenance/Receipt.swift", "Records/Names/RecordKind.swift",
        "Records/Packs/ObjectPrefix.swift", "Records/Packs/PackHeader.swift", "Records/Packs/PackList.swift",
        "Records/Packs/PackReference.swift", "Records/Policy/Policy+Coding.swift",
        "Records/Policy/Policy+Validation.swift", "Records/Policy/PolicyDomain.swift",
        "Records/Policy/PolicyMember.swift", "Records/Policy/RetentionLimits.swift",
        "Records/Policy/Revocation.swift", "Records/Signing/SignedHead.swift", "Records/Signing/SignedRecord.swift",
    ]
    static func shape(of input: [UInt8]) -> InputShape {
        switch (input.first ?? 0) % 32 {
        case 0..<11, 14: .head(1, .fields)
        case 12, 13: .head(1, .object)
        default: .bytes
        }
    }

    /// One kind of signed record.
    private struct Kind {
        let check: ([UInt8], RecordsTarget, _ signs: Bool) throws -> Void
        let sample: (inout RecordSource) throws -> [UInt8]

        init<Body: SignedBody>(_ make: @escaping (inout RecordSource) throws -> Body) {
            check = { body, target, signs in try target.check(Body.self, body, signs: signs) }
            sample = { source in try make(&source).encodedBody() }
        }
    }

    private let kinds: [Kind] = [
        Kind { try $0.policy() }, Kind { try $0.packList() }, Kind { try $0.commit() }, Kind { try $0.lease() },
        Kind { try $0.attestation() }, Kind { try $0.plan() }, Kind { try $0.planDone() },
        Kind { try $0.forgotten() }, Kind { try $0.receipt() }, Kind { try $0.erasure() },
        Kind { try $0.auditEntry() }, Kind { try $0.hold() },
    ]

    private let key: SigningKey
    private let repository: RepositoryID

    init() throws {
        key = try testKey()
        repository = try testDigest(0xA0)
    }

    func run(_ input: [UInt8]) throws {
        var input = InputReader(input)
        let selector = Int(input.byte())
        let bytes = input.remainder()
        switch selector % 32 {
        case 0..<11: try kinds[selector % 32].check(bytes, self, selector >= 128)
        case 11: try checkFormat(bytes)
        case 12: try checkPackHeader(bytes)
        case 13: try checkSlotHeader(bytes)
        case 14:
            guard let box = try attempt({ try KeyBox(decoding: bytes) }) else { return }
            try require(box.encoded() == bytes, "a key box is written otherwise than it was read")
        default: try checkObject(bytes, selector)
        }
    }

    /// A body has one encoding, and a signed object gives the body that was signed.
    private func check<Body: SignedBody>(_ type: Body.Type, _ bytes: [UInt8], signs: Bool) throws {
        let kind = Body.kind
        let body = try attempt { try Body(decoding: bytes) }
        if let body {
            try require(body.encodedBody() == bytes, "a \(kind.name) is written otherwise than it was read")
            if let policy = body as? Policy {
                try attempt { try policy.validate() }
                try attempt { try policy.requireKnownFeatures() }
            }
        }
        guard signs else { return }
        // An object as a faulty or hostile member could make it: signed, whatever the body is.
        var object = kind.magic
        appendLittleEndian(UInt32(bytes.count), to: &object)
        object += bytes
        let message = Array("holdfast/v1/signed\0".utf8) + kind.magic + repository.bytes + bytes
        object += try unsafe key.sign(message.span.bytes)
        let opened = try attempt {
            try SignedRecord.body(Body.self, of: object, signedBy: key.publicKey, repository: repository)
        }
        if let opened { try require(opened == body, "a signed \(kind.name) reads otherwise than its body") }
        let signer = try attempt { try SignedRecord.signer(of: object, kind: kind) }
        if let opened { try require(signer == opened.signer, "the signer of a \(kind.name) reads otherwise") }
        if let body, body.repository == repository, let signed = try attempt({ try SignedRecord.sign(body, with: key) })
        {
            try require(signed == object, "a \(kind.name) is signed in another form than it is read")
        }
    }

    /// The header ends with a hash, which is set right first.
    private func checkFormat(_ bytes: [UInt8]) throws {
        try attempt { try FormatHeader(object: bytes) }
        var object = bytes
        try sha256(object).append(to: &object)
        guard let header = try attempt({ try FormatHeader(object: object) }) else { return }
        try require(try header.encodedObject() == object, "a format header is written otherwise than it was read")
    }

    private func checkPackHeader(_ bytes: [UInt8]) throws {
        let count = try attempt { try PackHeader.byteCount(fromFirst: bytes) }
        guard let header = try attempt({ try PackHeader(decoding: bytes) }), let count else { return }
        try require(
            header.encodedPrefix() == Array(bytes.prefix(count)),
            "a pack header is written otherwise than it was read"
        )
    }

    private func checkSlotHeader(_ bytes: [UInt8]) throws {
        guard let header = try attempt({ try KeySlotHeader(object: bytes) }) else { return }
        let prefix = header.encodedPrefix()
        try require(bytes.starts(with: prefix), "a slot header is written otherwise than it was read")
    }

    /// Whole objects as they come, which nobody has signed.
    private func checkObject(_ bytes: [UInt8], _ selector: Int) throws {
        let kinds: [RecordKind] = [.policy, .packList, .commit, .lease, .attestation, .plan, .forgotten]
        let kind = kinds[selector % kinds.count]
        try attempt { try SignedRecord.signer(of: bytes, kind: kind) }
        let opened = try attempt {
            try SignedRecord.body(Lease.self, of: bytes, signedBy: key.publicKey, repository: repository)
        }
        try require(opened == nil || bytes.count > 64, "a record was opened without a signature")
    }

    /// Policies that break one rule each.
    private static var mistakes: [(inout Policy, inout RecordSource) throws -> Void] {
        [
            { policy, _ in policy.members.append(policy.members[0]) },
            { policy, source in policy.members[0].id = try source.identifier() },
            { policy, _ in policy.members = [] },
            { policy, _ in policy.members[0].role = .reader },
            { policy, source in
                let domain = PolicyDomain(id: try source.identifier(), name: "d", epoch: 1, readers: [])
                policy.domains = [domain, domain]
            },
            { policy, source in
                let readers = try (0..<33).map { _ in AgreementPublicKey(try source.digest()) }
                policy.domains = [PolicyDomain(id: try source.identifier(), name: "d", epoch: 1, readers: readers)]
            },
            { policy, source in policy.slots = try [source.digest(), .zero] },
            { policy, source in policy.slots = try (0..<65).map { _ in try source.digest() }.sorted() },
            { policy, source in
                let revocation = Revocation(member: try source.identifier(), time: 1, accepted: [])
                policy.revocations = [revocation, revocation]
            },
            { policy, _ in policy.previous = policy.previous == nil ? .zero : nil },
            { policy, source in
                policy.number = 0
                policy.previous = nil
                policy.signer = try source.identifier()
            },
            { policy, _ in policy.features = ["a feature of the future"] },
        ]
    }

    func seeds() throws -> [[UInt8]] {
        var seeds: [[UInt8]] = []
        var source = try RecordSource(seed: 51)
        for (number, kind) in kinds.enumerated() {
            for signs in [0, 128] {
                source.addsUnknownFields = signs == 0
                for _ in 0..<6 { seeds.append([UInt8(number + signs)] + (try kind.sample(&source))) }
            }
        }
        for _ in 0..<3 {
            seeds.append([11] + Array(try source.formatHeader().encodedObject().dropLast(32)))
            seeds.append([12] + (try source.packHeader().encodedPrefix()) + [1, 2, 3])
            seeds.append([13] + (try source.slotHeader().encodedPrefix()) + [3, 0, 0, 0, 1, 2, 3])
            seeds.append([14] + (try source.keyBox(purpose: 1)).encoded())
        }
        for edit in Self.mistakes {
            var policy = try source.policy()
            try edit(&policy, &source)
            seeds.append([0] + policy.encodedBody())
        }
        // Headers that claim more than there is, or may be.
        for prefix in [try source.packHeader().encodedPrefix(), try source.slotHeader().encodedPrefix()] {
            let selector: UInt8 = prefix[5] == RecordKind.pack.rawValue ? 12 : 13
            seeds.append([selector] + prefix.dropLast(3))
            seeds.append([selector] + prefix.prefix(8) + [0, 0, 2, 0] + prefix.dropFirst(12))
        }
        for number in 15..<22 {
            let lease = try SignedRecord.sign(source.lease(), with: key)
            seeds.append([UInt8(number)] + lease)
        }
        return seeds
    }
}

private func appendLittleEndian(_ value: UInt32, to bytes: inout [UInt8]) {
    for shift in stride(from: UInt32(0), to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
}
