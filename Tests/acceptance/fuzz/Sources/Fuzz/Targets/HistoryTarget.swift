import Cryptography
import FileSystem
import ObjectStorage
import Records
import TestSupport

@testable import RecordSamples
@testable import Repository
@testable import Snapshots

/// The policies and commits of a repository, signed by the right keys whatever they say, and the list of snapshots.
final class HistoryTarget: FuzzTarget {
    static let name = "history"
    static let parsers = [
        "Repository/Commits/CommitLog.swift", "Repository/Commits/PolicyChain+Rights.swift",
        "Repository/Commits/SealedDetails.swift", "Repository/Opening/PolicyChain.swift",
        "Snapshots/History/Snapshot.swift",
    ]
    static let options = ["-max_len=8192"]
    static func shape(of input: [UInt8]) -> InputShape { .block(.bytes, then: .history) }

    private let fixture: Fixture
    private let state: Directory

    init() throws {
        fixture = try Fixture()
        state = try makeScratchDirectory().directory
    }

    /// What the flags of a part of the input mean: each keeps something from being set right.
    private enum Flag {
        static let policy: UInt8 = 1
        static let place: UInt8 = 2
        static let signer: UInt8 = 4
        static let policyReference: UInt8 = 8
        static let sealing: UInt8 = 16
        static let name: UInt8 = 32
        static let replaces: UInt8 = 64
        static let certificate: UInt8 = 128
    }

    private struct Built {
        var policies: [Policy]
        /// By the number that the object's name says.
        var policiesByName: [UInt64: Policy]
        var policyHashes: [ObjectHash]
        var last: (number: UInt64, hash: ObjectHash)?
        var honest: Set<ObjectHash> = []
    }

    /// A name of a snapshot as a block, then bodies of commits and policies with flags before and sealed parts behind.
    func run(_ input: [UInt8]) throws {
        var input = InputReader(input)
        let name = String(decoding: input.block(), as: UTF8.self)
        fixture.clear()
        for object in fixture.store.contents.keys
        where object.path.hasPrefix("policy/") && object.path != ObjectNames.policy(0) {
            fixture.store.overwrite(object, with: nil)
        }
        let chain = fixture.repository.policies
        var built = Built(
            policies: chain.policies,
            policiesByName: [0: chain.policies[0]],
            policyHashes: chain.hashes
        )
        var parts = 0
        while !input.isAtEnd, parts < 8 {
            let flags = input.byte()
            let body = input.block()
            if flags & Flag.policy != 0 {
                try addPolicy(body, flags, &built)
            } else {
                try addCommit(body, sealed: input.block(), flags, &built)
            }
            parts += 1
        }
        try check(name, built)
    }

    private func addPolicy(_ body: [UInt8], _ flags: UInt8, _ built: inout Built) throws {
        guard var policy = try attempt({ try Policy(decoding: body) }) else { return }
        policy.repository = fixture.id
        if flags & Flag.signer == 0 { policy.signer = fixture.keyring.member }
        if flags & Flag.place == 0 {
            policy.number = UInt64(built.policies.count)
            policy.previous = built.policyHashes.last
        }
        let object = try signed(.policy, policy.encodedBody())
        let number = UInt64(built.policies.count) + (flags & Flag.name == 0 ? 0 : 1)
        let name = try attempt { try ObjectName(ObjectNames.policy(number)) }
        guard let name, accepts({ try fixture.store.put(name, object) }) else { return }
        built.policies.append(policy)
        built.policiesByName[number] = policy
        built.policyHashes.append(try sha256(object))
    }

    private func accepts(_ operation: () throws -> Void) -> Bool { (try? operation()) != nil }

    private func addCommit(_ body: [UInt8], sealed: [UInt8], _ flags: UInt8, _ built: inout Built) throws {
        guard var commit = try attempt({ try Commit(decoding: body) }) else { return }
        commit.repository = fixture.id
        if flags & Flag.signer == 0 { commit.signer = fixture.keyring.member }
        commit.domain = fixture.domain
        commit.epoch = 1
        commit.run = fixture.run
        if flags & Flag.certificate == 0 { commit.certificateSerial = 1 }
        if flags & Flag.place == 0 {
            commit.incarnation = try testIncarnation(0x71)
            commit.number = (built.last?.number ?? 0) + 1
            commit.previous = built.last?.hash
        }
        if flags & Flag.policyReference == 0 {
            commit.policyNumber = 0
            commit.policyHash = built.policyHashes[0]
        } else if commit.policyNumber > 0 {
            commit.policyNumber %= UInt64(built.policies.count)
            commit.policyHash = built.policyHashes[Int(commit.policyNumber)]
        }
        commit.replaced = flags & Flag.replaces == 0 ? nil : built.last?.hash
        commit.addedPackLists = []
        commit.heads = []
        commit.keyBox = try fixture.contentKey(.metadata).box
        if flags & Flag.sealing == 0 {
            commit.sealed = try SealedDetails.sealPlain(sealed, of: commit, key: try fixture.contentKey(.metadata))
        }
        let object = try signed(.commit, commit.encodedBody())
        let hash = try sha256(object)
        let name = ObjectNames.commit(
            member: commit.signer,
            incarnation: commit.incarnation,
            number: flags & Flag.name == 0 ? commit.number : commit.number ^ 1,
            hash: hash
        )
        guard let name = try attempt({ try ObjectName(name) }), accepts({ try fixture.store.put(name, object) }) else {
            return
        }
        if flags & Flag.place == 0 { built.last = (commit.number, hash) }
        let isHonest = flags & ~(Flag.sealing | Flag.replaces) == 0
        if isHonest, try attempt({ try Commit(decoding: commit.encodedBody()) }) != nil { built.honest.insert(hash) }
    }

    private func signed(_ kind: RecordKind, _ body: [UInt8]) throws -> [UInt8] {
        var object = kind.magic
        object.appendLittleEndian(UInt32(body.count))
        object += body
        let message = Array("holdfast/v1/signed\0".utf8) + kind.magic + fixture.id.bytes + body
        return object + (try unsafe fixture.keyring.signingKey.sign(message.span.bytes))
    }

    private func check(_ name: String, _ built: Built) throws {
        let store = fixture.store
        let policies = try attempt {
            try PolicyChain(
                store: store,
                repository: fixture.id,
                rootOwner: fixture.keyring.rootOwner,
                rootPolicy: built.policyHashes[0]
            )
        }
        let foreign = try attempt {
            try PolicyChain(
                store: store,
                repository: fixture.id,
                rootOwner: fixture.keyring.rootOwner,
                rootPolicy: .zero
            )
        }
        try require(foreign == nil, "a chain of policies opens that begins with another one")
        guard let policies else { return }
        // Each is the one of its name; all others are noted as passed over.
        for (number, policy) in policies.policies.enumerated() {
            try require(built.policiesByName[UInt64(number)] == policy, "policies read otherwise than they were signed")
        }
        let count = policies.policies.count + policies.strays.count
        try require(count == built.policiesByName.count, "a policy is neither read nor passed over")
        let repository = Repository(
            store: store,
            keyring: fixture.keyring,
            slot: nil,
            policies: policies,
            environment: RepositoryEnvironment(now: { 1_700_000_000_000_000_000 })
        )
        guard let log = try attempt({ try CommitLog.load(repository) }) else { return }
        if try state.statusIfPresent(Array("state".utf8)) != nil { try state.unlink(Array("state".utf8)) }
        try checkMemory(log, policies)
        let ids = Set(log.commits.map(\.id))
        let isRevoked = policies.current.revocations.contains { $0.member == fixture.keyring.member }
        try require(isRevoked || built.honest.isSubset(of: ids), "a sound commit is not shown")
        for commit in log.commits {
            try require(!commit.id.hex.isEmpty && policies.key(of: commit.commit.signer) != nil, "a commit of nobody")
        }
        guard let list = try attempt({ try SnapshotList.load(repository) }) else { return }
        try require(list.snapshots.allSatisfy { ids.contains($0.id) }, "a snapshot without its commit")
        for text in [name, "latest", "latest~1"] + log.commits.prefix(4).map({ String($0.id.hex.prefix(8)) }) {
            guard let snapshot = try attempt({ try list.resolve(text) }) else { continue }
            try require(list.snapshots.contains(snapshot), "\(text) is a snapshot that is not listed")
        }
        var filter = SnapshotList.Filter()
        filter.hosts = list.snapshots.prefix(1).map(\.details.host)
        filter.tags = [list.snapshots.last?.details.tags ?? []]
        filter.after = 0
        filter.before = .max
        filter.datasets = list.snapshots.map(\.details.dataset)
        filter.paths = list.snapshots.first.map { Array($0.details.paths.prefix(1)) } ?? []
        try require(list.filtered(filter).allSatisfy(filter.matches), "a filter lets pass what it should not")
    }

    /// What this host has seen and the store shows no longer is noticed.
    private func checkMemory(_ log: CommitLog, _ policies: PolicyChain) throws {
        guard let last = log.commits.last else { return }
        let repository = Repository(
            store: fixture.store,
            keyring: fixture.keyring,
            slot: nil,
            policies: policies,
            environment: RepositoryEnvironment(state: state, now: { 1_700_000_000_000_000_000 })
        )
        let first = try CommitLog.load(repository)
        try require(first.commits == log.commits, "what is remembered of nothing changes the history")
        let chain = ChainID(member: last.commit.signer, incarnation: last.commit.incarnation)
        guard log.heads[chain]?.hash == last.id, log.problems.isEmpty else { return }
        let name = ObjectNames.commit(
            member: last.commit.signer,
            incarnation: last.commit.incarnation,
            number: last.commit.number,
            hash: last.id
        )
        let object = fixture.store.contents[try ObjectName(name)]
        fixture.store.overwrite(try ObjectName(name), with: nil)
        let second = try CommitLog.load(repository)
        fixture.store.overwrite(try ObjectName(name), with: object)
        try require(!second.problems.isEmpty, "nobody notices that the last commit is gone")
    }

    func seeds() throws -> [[UInt8]] {
        var source = try RecordSource(seed: 59)
        source.addsUnknownFields = false
        let details = try DetailsTarget.samples()
        var seeds: [[UInt8]] = []
        for round in 0..<24 {
            var input = InputWriter()
            input.block(Array(["latest", "latest~2", "abcd", "1234567890", "", "latest~-1"][round % 6].utf8))
            if round % 3 == 1 {
                var policy = try source.policy()
                policy.slots = []
                policy.features = []
                policy.number = 1
                policy.previous = try source.digest()
                policy.members[0].certificateSerial = round < 12 ? 1 : 9
                policy.members[0].notAfter = round % 2 == 0 ? 5 : 0
                policy.members[0].notBefore = 0
                let other = try testKey(9).publicKey
                if round > 6 {
                    policy.members[0].role = [.owner, .reader, .writer][round % 3 == 0 ? 0 : round / 3 % 3]
                    policy.members[0].domains = round % 4 == 0 ? [try source.identifier()] : []
                    policy.members.append(try source.member(other, role: .owner))
                    policy.revocations = []
                    if round % 5 == 0 {
                        let accepted = AcceptedHead(
                            incarnation: try testIncarnation(0x71),
                            number: 1,
                            hash: try source.digest()
                        )
                        policy.revocations = [
                            Revocation(
                                member: policy.members[0].id,
                                time: 1,
                                accepted: round % 2 == 0 ? [accepted] : []
                            )
                        ]
                    }
                }
                input.byte(Flag.policy | [0, 0, 0, Flag.name, Flag.place, Flag.signer][round % 6])
                input.block(policy.encodedBody())
            }
            for number in 0..<(1 + round % 3) {
                var commit = try source.commit()
                commit.sealed = [1]
                commit.addedPackLists = []
                commit.heads = []
                commit.referredPackLists = []
                commit.policyNumber = 1
                let flags: [UInt8] = [
                    0, Flag.replaces, Flag.place, Flag.sealing, Flag.name, Flag.policyReference, Flag.policyReference,
                    Flag.certificate,
                ]
                input.byte(round < 4 ? 0 : flags[(round + number) % flags.count])
                input.block(commit.encodedBody())
                input.block(details[(round + number) % details.count].encoded())
            }
            seeds.append(input.bytes)
        }
        return seeds
    }
}

extension SealedDetails {
    /// Seals any bytes in the place of details.
    fileprivate static func sealPlain(_ plain: [UInt8], of commit: Commit, key: ContentKey) throws -> [UInt8] {
        let info = Array("holdfast/v1/commit".utf8) + commit.repository.bytes
        let derived = try unsafe HKDF.derive(
            from: key.key,
            salt: commit.salt.span.bytes,
            info: info.span.bytes,
            count: 32
        )
        var aead = try AEAD(suite: Fixture.suite, key: derived)
        let associated = Binding(
            repository: commit.repository,
            domain: commit.domain,
            member: commit.signer,
            incarnation: commit.incarnation,
            run: commit.run,
            number: commit.number
        ).bytes
        return try unsafe aead.seal(plain.span.bytes, counter: 0, associatedData: associated.span.bytes)
    }
}
