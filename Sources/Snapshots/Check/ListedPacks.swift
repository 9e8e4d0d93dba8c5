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
        var snapshots: [ObjectHash]
    }

    /// The packs that some snapshot needs.
    private(set) var referenced: Set<ObjectHash> = []
    private var claims: [ListName: [Claim]] = [:]
    private var found: Set<ListName> = []
    private var missing: [PackReference: Set<ObjectHash>] = [:]

    /// Takes the lists that commits name.
    init(_ log: CommitLog) {
        for commit in log.commits {
            for list in commit.commit.addedPackLists + commit.commit.referredPackLists {
                let name = ListName(member: list.member, run: list.run, number: list.number)
                var known = claims[name] ?? []
                if let index = known.firstIndex(where: { $0.hash == list.hash }) {
                    known[index].snapshots.append(commit.id)
                } else {
                    known.append(Claim(hash: list.hash, snapshots: [commit.id]))
                }
                claims[name] = known
            }
        }
    }

    /// Takes a list that was read and verified.
    mutating func add(_ list: PackList, hash: ObjectHash, survey: ObjectSurvey, problems: ProblemLog) {
        let name = ListName(member: list.signer, run: list.run, number: list.number)
        found.insert(name)
        var snapshots: [ObjectHash] = []
        for claim in claims[name] ?? [] {
            if claim.hash == hash {
                snapshots += claim.snapshots
            } else {
                let object = ObjectNames.packList(member: name.member, run: name.run, number: name.number)
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
        for pack in list.packs {
            referenced.insert(pack.name)
            if survey.packs[pack.name] != pack.byteCount { missing[pack, default: []].formUnion(snapshots) }
        }
    }

    /// Reports what is missing.
    func report(_ store: any ObjectStore, survey: ObjectSurvey, problems: ProblemLog) throws {
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
        for (pack, snapshots) in missing.sorted(by: { $0.key.name < $1.key.name }) {
            let object = ObjectNames.pack(pack.name)
            if let length = survey.packs[pack.name] {
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
