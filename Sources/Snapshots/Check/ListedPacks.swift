import Cryptography
import ObjectStorage
import Records
import Repository

/// Joins commits with the pack lists that they name, and these with the packs that exist.
struct ListedPacks {
    private struct ListName: Hashable {
        var member: MemberID
        var run: RunID
        var number: UInt64
    }

    /// What a commit says of a list, and which commits say it.
    private struct Claim {
        var hash: ObjectHash
        var snapshots: [ObjectHash] = []
        /// The domains of these snapshots.
        var domains: [DomainID: [ObjectHash]] = [:]
        /// Those that name it as a list of packs that their run added.
        var asAdded: [ObjectHash] = []
    }

    /// What a list says of where its packs come from.
    struct Origin: Hashable {
        var domain: DomainID
        /// Member, run and epoch, of packs that the run of the list added.
        var member: MemberID?
        var run: RunID?
        var epoch: UInt32?

        /// Whether a pack's header says nothing else.
        func fits(_ pack: PackOrigin) -> Bool {
            domain == pack.domain && member ?? pack.member == pack.member && run ?? pack.run == pack.run
                && epoch ?? pack.epoch == pack.epoch
        }
    }

    /// The packs that some snapshot needs, with what lists that snapshots name say of them.
    private(set) var origins: [ObjectHash: Set<Origin>] = [:]
    /// What plans have deleted, and what took its place.
    private let book: PlanBook
    private var claims: [ListName: [Claim]] = [:]
    private var found: Set<ListName> = []
    /// Packs that are not there as lists say, with the snapshots that need them.
    private(set) var missing: [PackReference: Set<ObjectHash>] = [:]

    /// Takes the lists that commits name.
    init(_ log: CommitLog, book: PlanBook) {
        self.book = book
        for commit in log.commits {
            for list in commit.commit.addedPackLists + commit.commit.referredPackLists {
                let name = ListName(member: list.member, run: list.run, number: list.number)
                var known = claims[name] ?? []
                let index = known.firstIndex { $0.hash == list.hash } ?? known.count
                if index == known.count { known.append(Claim(hash: list.hash)) }
                known[index].snapshots.append(commit.id)
                known[index].domains[commit.commit.domain, default: []].append(commit.id)
                if commit.commit.addedPackLists.contains(list) { known[index].asAdded.append(commit.id) }
                claims[name] = known
            }
        }
    }

    /// Takes a list that was read and verified.
    mutating func add(_ list: PackList, hash: ObjectHash, survey: ObjectSurvey, problems: ProblemLog) {
        let name = ListName(member: list.signer, run: list.run, number: list.number)
        found.insert(name)
        var snapshots: [ObjectHash] = []
        let object = ObjectNames.packList(member: name.member, run: name.run, number: name.number)
        for claim in claims[name] ?? [] {
            if claim.hash == hash {
                snapshots += claim.snapshots
                checkRules(list, claim, object, problems)
            } else {
                problems.error(
                    .packList,
                    "pack list \(object) is not the one that \(claim.snapshots.count) snapshots name: it was replaced",
                    object: object,
                    snapshots: claim.snapshots
                )
            }
        }
        // A list of an interrupted run counts for nobody: its packs may be gone.
        guard !snapshots.isEmpty else { return }
        let isAdded = list.kind == .added
        let origin = Origin(
            domain: list.domain,
            member: isAdded ? list.signer : nil,
            run: isAdded ? list.run : nil,
            epoch: isAdded ? list.epoch : nil
        )
        for pack in list.packs {
            // A pack that a prune has deleted is stood for by others, or by none if nothing in it was needed.
            guard book.deleted.contains(pack.name) else {
                origins[pack.name, default: []].insert(origin)
                if survey.packs[pack.name] != pack.byteCount { missing[pack, default: []].formUnion(snapshots) }
                continue
            }
            for name in book.present(pack.name) {
                // Another run made it.
                origins[name, default: []].insert(Origin(domain: list.domain))
                guard survey.packs[name] == nil else { continue }
                missing[PackReference(name: name, byteCount: 0), default: []].formUnion(snapshots)
            }
        }
    }

    /// Reports a list that is not of the kind or the domain that the commits take it for.
    private func checkRules(_ list: PackList, _ claim: Claim, _ object: String, _ problems: ProblemLog) {
        if list.kind != .added, !claim.asAdded.isEmpty {
            problems.error(
                .packList,
                "pack list \(object) is of packs that its run did not add, and \(claim.asAdded.count) snapshots name it "
                    + "as one of packs that it did",
                object: object,
                snapshots: claim.asAdded
            )
        }
        for (domain, snapshots) in claim.domains where domain != list.domain {
            problems.error(
                .packList,
                "pack list \(object) is of domain \(list.domain.hex), and \(snapshots.count) snapshots of domain "
                    + "\(domain.hex) name it",
                object: object,
                snapshots: snapshots
            )
        }
    }

    /// Reports lists that are missing or damaged.
    func report(_ store: any ObjectStore, problems: ProblemLog) throws {
        for (name, claims) in claims.sorted(by: { $0.key.number < $1.key.number }) where !found.contains(name) {
            let object = ObjectNames.packList(member: name.member, run: name.run, number: name.number)
            let isThere = try store.exists(ObjectName(object))
            problems.error(
                .packList,
                isThere
                    ? "pack list \(object), which \(claims[0].snapshots.count) snapshots need, is damaged"
                    : "pack list \(object), which \(claims[0].snapshots.count) snapshots need, is missing",
                object: object,
                snapshots: claims.flatMap(\.snapshots)
            )
        }
    }
}

/// Packs that snapshots' lists name and that are not there, or have another length.
struct MissingPacks {
    var packs: [PackReference: Set<ObjectHash>]

    /// Reports them.
    ///
    /// - Parameter isNeeded: whether a snapshot needs something that is in this missing pack alone.
    func report(survey: ObjectSurvey, problems: ProblemLog, isNeeded: (ObjectHash) -> Bool) {
        for (pack, snapshots) in packs.sorted(by: { $0.key.name < $1.key.name }) {
            let object = ObjectNames.pack(pack.name)
            let length = survey.packs[pack.name]
            guard length != nil || isNeeded(pack.name) else {
                problems.warning(
                    .packMissing,
                    "pack \(pack.name) is missing; nothing is lost, all that snapshots need of it is in other packs",
                    object: object
                )
                continue
            }
            if let length {
                problems.error(
                    .packLength,
                    "pack \(pack.name) is \(length) bytes long instead of \(pack.byteCount): it was cut off or replaced",
                    object: object,
                    snapshots: snapshots.sorted()
                )
            } else {
                problems.error(
                    .packMissing,
                    "pack \(pack.name), which \(snapshots.count) snapshots need, is missing; look for it in another copy "
                        + "of the repository, or back up again: what still exists is stored anew",
                    object: object,
                    snapshots: snapshots.sorted()
                )
            }
        }
    }
}
