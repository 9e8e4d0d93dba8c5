import Cryptography
import ObjectStorage
import Records

extension Repository {
    /// The packs that a prune plan names: they may vanish at any moment and are not reused.
    func plannedDeletions() throws -> Set<ObjectHash> {
        var planned: Set<ObjectHash> = []
        var names: [(ObjectName, ObjectHash)] = []
        try store.list(prefix: ObjectNames.plans) { name, _ in
            if case .plan(_, let hash)? = ObjectNames.parse(name.path) { names.append((name, hash)) }
        }
        for (name, hash) in names {
            do {
                let object = try store.readAll(name, atMost: 64 << 20)
                guard try unsafe SHA256.hash(object.span.bytes) == hash else {
                    throw RepositoryError(.integrity, "its bytes are not those that its name says")
                }
                let signer = try SignedRecord.signer(of: object, kind: .plan)
                guard let role = policy.member(signer)?.role, role == .owner || role == .manager,
                    let key = policies.key(of: signer)
                else { throw RepositoryError(.integrity, "its member may not plan deletions") }
                let plan = try SignedRecord.body(PrunePlan.self, of: object, signedBy: key, repository: id)
                planned.formUnion(plan.packs.map(\.name))
            } catch let error as StorageError where error.code == .notFound {
                continue
            } catch {
                environment.warn("prune plan \(name.path) is ignored: \(error)")
            }
        }
        return planned
    }
}
