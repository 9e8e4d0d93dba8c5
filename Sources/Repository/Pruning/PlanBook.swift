import Cryptography
package import ObjectStorage
package import Records

/// The prune plans of a repository and what became of them (format.md §14).
///
/// Plans are carried out one after another: the record that a plan was carried out has the plan's number and can exist
/// once, and a prune takes the number after the last such record. So of several plans with one number one at most is
/// carried out, and whoever wrote it knew all that were carried out before.
package struct PlanBook: Sendable {
    /// A plan that was carried out, or withdrawn by taking everything back.
    package struct CarriedOut: Sendable {
        /// The record.
        package var done: PlanDone
        /// The plan; nil if it was removed since.
        package var plan: PrunePlan?
    }

    /// Plans that were carried out, by number.
    package private(set) var carriedOut: [UInt64: CarriedOut] = [:]
    /// Packs that may vanish at any moment: those of plans that are not decided yet, and those of plans carried out
    /// that were not taken back.
    package private(set) var planned: Set<ObjectHash> = []
    /// Packs that plans carried out have deleted, or are about to.
    package private(set) var deleted: Set<ObjectHash> = []
    /// What took the place of a deleted pack.
    package private(set) var replacements: [ObjectHash: [ObjectHash]] = [:]
    /// Runs whose commits do not count.
    package private(set) var deadRuns: Set<RunReference> = []
    /// Whether a plan cannot be read whose packs may vanish: then no pack is safe to refer to.
    package private(set) var hidesPlans = false
    /// Records that cannot be used, with the reason.
    package private(set) var problems: [(object: String, error: any Error)] = []
    /// Plans that nobody has decided yet.
    package private(set) var openPlans: [ObjectHash] = []
    /// Objects of plans that can no longer be carried out.
    package private(set) var voidPlans: [String] = []

    /// The number that the next plan takes.
    package var nextNumber: UInt64 { carriedOut.keys.max().map { $0 + 1 } ?? 0 }

    /// Reads all plans and records; what is wrong with them goes to the warnings of the environment.
    package static func load(_ repository: Repository) throws -> PlanBook {
        let book = try load(from: repository.store, id: repository.id, policies: repository.policies)
        for (object, error) in book.problems { repository.environment.warn("\(object) cannot be used: \(error)") }
        return book
    }

    /// Reads all plans and records, without keys.
    package static func load(
        from store: any ObjectStore,
        id repository: RepositoryID,
        policies: PolicyChain
    ) throws -> PlanBook {
        var book = PlanBook()
        var plans: [(number: UInt64, hash: ObjectHash)] = []
        var records: [UInt64] = []
        try store.list(prefix: ObjectNames.plans) { name, _ in
            switch ObjectNames.parse(name.path) {
            case .plan(let number, let hash)?: plans.append((number, hash))
            case .planDone(let number)?: records.append(number)
            default: break
            }
        }
        let reader = RecordReader(store: store, repository: repository, policies: policies)
        for number in records {
            let name = ObjectNames.planDone(number)
            do {
                let done = try reader.read(PlanDone.self, name)
                guard done.number == number else {
                    throw RepositoryError(.integrity, "it stands under the name of another record")
                }
                book.carriedOut[number] = CarriedOut(done: done)
                book.deadRuns.formUnion(done.deadRuns)
            } catch let error as StorageError where error.code == .notFound {
                // A prune removed it since; its successor repeats what counts.
                continue
            } catch let error where error.isDamage {
                book.problems.append((name, error))
            }
        }
        for (number, hash) in plans.sorted(by: { $0.number < $1.number }) { try book.add(number, hash, reader) }
        return book
    }

    /// The runs whose commits do not count.
    ///
    /// A record that is damaged or forged is passed over; a check reports it.
    static func deadRuns(
        from store: any ObjectStore,
        id repository: RepositoryID,
        policies: PolicyChain
    ) throws -> Set<RunReference> {
        var records: [UInt64] = []
        try store.list(prefix: ObjectNames.plans) { name, _ in
            if case .planDone(let number)? = ObjectNames.parse(name.path) { records.append(number) }
        }
        let reader = RecordReader(store: store, repository: repository, policies: policies)
        var runs: Set<RunReference> = []
        for number in records {
            do {
                runs.formUnion(try reader.read(PlanDone.self, ObjectNames.planDone(number)).deadRuns)
            } catch let error where error.isDamage {
                continue
            }
        }
        return runs
    }

    private mutating func add(_ number: UInt64, _ hash: ObjectHash, _ reader: RecordReader) throws {
        let name = ObjectNames.plan(number: number, hash: hash)
        let isOpen = number >= nextNumber
        let isCarriedOut = carriedOut[number]?.done.plan == hash
        guard isOpen || isCarriedOut else {
            voidPlans.append(name)
            return
        }
        let plan: PrunePlan
        do {
            plan = try reader.read(PrunePlan.self, name, hash: hash)
            guard plan.number == number else {
                throw RepositoryError(.integrity, "it stands under the name of another plan")
            }
        } catch let error as StorageError where error.code == .notFound {
            return
        } catch let error where error.isDamage {
            problems.append((name, error))
            // What nobody had the right to write is no plan. Of one that is damaged nobody knows what it names.
            if !error.isForgery { hidesPlans = true }
            return
        }
        guard isCarriedOut, let kept = carriedOut[number]?.done.kept else {
            openPlans.append(hash)
            planned.formUnion(plan.packs.map(\.name))
            return
        }
        carriedOut[number]?.plan = plan
        let gone = Set(plan.packs.map(\.name)).subtracting(kept)
        planned.formUnion(gone)
        deleted.formUnion(gone)
        for replaced in plan.replacements where gone.contains(replaced.old) {
            replacements[replaced.old] = replaced.new
        }
    }

    /// The packs that stand for a pack now: itself, or what took its place where a plan deleted it.
    package func present(_ pack: ObjectHash) -> [ObjectHash] {
        var found: Set<ObjectHash> = []
        var seen: Set<ObjectHash> = []
        var next = [pack]
        while let name = next.popLast() {
            guard seen.insert(name).inserted else { continue }
            if deleted.contains(name) { next += replacements[name] ?? [] } else { found.insert(name) }
        }
        return found.sorted()
    }
}

/// Reads records that only owners and managers may write.
struct RecordReader {
    let store: any ObjectStore
    let repository: RepositoryID
    let policies: PolicyChain

    /// Reads and verifies one.
    ///
    /// - Parameter hash: what the name says of the bytes.
    func read<Body: SignedBody>(_ type: Body.Type, _ name: String, hash: ObjectHash? = nil) throws -> Body {
        let object = try store.readAll(ObjectName(name), atMost: Body.kind.maximumByteCount)
        if let hash, try unsafe SHA256.hash(object.span.bytes) != hash {
            throw RepositoryError(.integrity, "its bytes are not those that its name says")
        }
        let signer = try SignedRecord.signer(of: object, kind: Body.kind)
        guard policies.hasMaintained(signer), policies.current.revocation(of: signer) == nil,
            let key = policies.key(of: signer)
        else { throw RecordError(.unknownSigner, "its member may not write such records") }
        return try SignedRecord.body(type, of: object, signedBy: key, repository: repository)
    }
}

extension Error {
    /// Whether an object is whole and was written by somebody who had no right to.
    fileprivate var isForgery: Bool {
        guard let error = self as? RecordError else { return false }
        return error.code == .unknownSigner || error.code == .badSignature
    }
}
