import Cryptography
import ObjectStorage
import Records
import Repository

/// Tells whether a missing object is missed, or was removed because nothing needs it any more.
struct ObjectNeeds {
    private var packs: Set<ObjectHash>?
    private var lists: Set<String> = []
    private var forgotten: Set<ObjectHash> = []
    private var slots: Set<ObjectHash>?

    /// Reads policies, commits, their lists, and what was forgotten.
    init(store: any ObjectStore) throws {
        guard let repository = try? PublicRepository(store: store) else { return }
        let id = repository.format.repository
        let policy = repository.policies.current
        slots = Set(policy.slots + policy.members.flatMap(\.slots))
        try store.list(prefix: ObjectNames.forgottenCommits) { name, _ in
            guard let object = try? store.readAll(name, atMost: RecordKind.forgotten.maximumByteCount),
                let signer = try? SignedRecord.signer(of: object, kind: .forgotten),
                let key = repository.policies.key(of: signer),
                let record = try? SignedRecord.body(Forgotten.self, of: object, signedBy: key, repository: id)
            else { return }
            forgotten.formUnion(record.commits.map(\.hash))
        }
        var packs: Set<ObjectHash> = []
        let book = try PlanBook.load(from: store, id: id, policies: repository.policies)
        let log = try CommitLog.load(from: store, id: id, policies: repository.policies)
        for commit in log.commits {
            for list in commit.commit.addedPackLists + commit.commit.referredPackLists {
                let name = ObjectNames.packList(member: list.member, run: list.run, number: list.number)
                guard lists.insert(name).inserted else { continue }
                guard let object = try? store.readAll(ObjectName(name), atMost: RecordKind.packList.maximumByteCount),
                    let key = repository.policies.key(of: list.member),
                    let body = try? SignedRecord.body(PackList.self, of: object, signedBy: key, repository: id)
                else { continue }
                // What a prune has deleted is stood for by other packs, if anything in it was needed.
                for pack in body.packs { packs.formUnion(book.present(pack.name)) }
            }
        }
        self.packs = packs
    }

    /// Whether something is lost with a missing object.
    ///
    /// Where it cannot be known it is: a pack or list too many is garbage, one too few a loss.
    func isNeeded(_ name: ObjectName) -> Bool {
        switch ObjectNames.parse(name.path) {
        case .pack(let hash): packs.map { $0.contains(hash) } ?? true
        case .packList: packs == nil || lists.contains(name.path)
        case .commit(_, _, _, let hash): !forgotten.contains(hash)
        case .slot(let hash): slots.map { $0.contains(hash) } ?? true
        case .format, .policy, .forgotten, .hold, .receipt, .erasure, .audit, .attestation: true
        // A cache, records whose time is over, and what no group protects.
        case .index, .plan, .planDone, .lease, .leaseEnd, .leaseDead, .parity, nil: false
        }
    }
}
