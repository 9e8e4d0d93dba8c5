import Cryptography
import ObjectStorage
import Records

extension CommitLog {
    /// Reports commits that claim to replace others without the right to it.
    mutating func checkReplacements() {
        for commit in commits {
            guard let claimed = commit.commit.replaced, commit.replaces == nil else { continue }
            problems.append(
                HistoryProblem(
                    .replacement,
                    "commit \(commit.id.hex.prefix(8)) of ",
                    commit.chain,
                    ", number \(commit.commit.number), claims to replace snapshot \(claimed.hex.prefix(8)), which only "
                        + "owners and managers may do: both are listed",
                    in: policies
                )
            )
        }
    }

    /// Finds gaps and forks in each chain.
    mutating func checkChains() {
        for chain in Set(listed.keys).union(forgotten.chains).sorted(by: ChainID.isBefore) {
            let dropped = forgotten.commits(of: chain)
            // What was forgotten and is still shown stands in both.
            let shown = (listed[chain] ?? []).filter { !forgotten.contains($0.id) }
            let all = (shown + dropped.flatMap { number, commits in commits.map { (number, $0.hash) } })
                .sorted { ($0.number, $0.id) < ($1.number, $1.id) }
            var expected: UInt64 = 1
            for (index, entry) in all.enumerated() {
                if index > 0, all[index - 1].number == entry.number {
                    // Of two that were both forgotten nothing is left to compare.
                    if !forgotten.contains(entry.id) || !forgotten.contains(all[index - 1].id) {
                        noteFork(chain, entry.number, all[index - 1].id, entry.id)
                    }
                    continue
                }
                if entry.number > expected { noteGap(chain, from: expected, to: entry.number - 1) }
                expected = entry.number + 1
            }
        }
    }

    private mutating func noteFork(_ chain: ChainID, _ number: UInt64, _ first: ObjectHash, _ second: ObjectHash) {
        problems.append(
            HistoryProblem(
                .fork,
                "",
                chain,
                " has two commits with number \(number) (\(first.hex.prefix(8)) and \(second.hex.prefix(8))): its host "
                    + "was cloned or its key stolen; both are kept, compare them",
                in: policies
            )
        )
    }

    private mutating func noteGap(_ chain: ChainID, from first: UInt64, to last: UInt64) {
        problems.append(
            HistoryProblem(
                .gap,
                "commits \(first) to \(last) of ",
                chain,
                " are missing and no record says that they were forgotten: somebody has deleted or withholds them; look "
                    + "for them in another copy",
                in: policies
            )
        )
    }

    /// Checks that each commit names the one before it, over forgotten ones as well.
    mutating func checkLinks() {
        var places: [ChainID: [UInt64: Set<ObjectHash>]] = [:]
        for commit in commits {
            places[commit.chain, default: [:]][commit.commit.number, default: []].insert(commit.id)
        }
        for commit in forgotten.commits.values {
            let chain = ChainID(member: commit.member, incarnation: commit.incarnation)
            places[chain, default: [:]][commit.number, default: []].insert(commit.hash)
        }
        func check(_ chain: ChainID, _ number: UInt64, _ id: ObjectHash, follows previous: ObjectHash?) {
            guard number > 1, let before = places[chain]?[number - 1] else { return }
            if let previous, before.contains(previous) { return }
            problems.append(
                HistoryProblem(
                    .brokenLink,
                    "commit \(id.hex.prefix(8)) (",
                    chain,
                    ", number \(number)) does not follow the commit before it: one of the two was replaced",
                    in: policies
                )
            )
        }
        for commit in commits {
            check(commit.chain, commit.commit.number, commit.id, follows: commit.commit.previous)
        }
        for commit in forgotten.commits.values.sorted(by: { ($0.number, $0.hash) < ($1.number, $1.hash) }) {
            let chain = ChainID(member: commit.member, incarnation: commit.incarnation)
            check(chain, commit.number, commit.hash, follows: commit.previous)
        }
    }

    /// Reports commits that other chains have seen (field 33) and that are neither here nor forgotten.
    mutating func checkSeenHeads(_ store: any ObjectStore) throws {
        var known: Set<ObjectHash> = Set(forgotten.commits.keys)
        for entries in listed.values { for entry in entries { known.insert(entry.id) } }
        var highest: [ChainID: UInt64] = heads.mapValues(\.number)
        for (chain, entries) in listed {
            for entry in entries { highest[chain] = max(highest[chain] ?? 0, entry.number) }
        }
        for commit in commits {
            for head in commit.commit.heads where known.insert(head.hash).inserted {
                let chain = ChainID(member: head.member, incarnation: head.incarnation)
                // A member may have committed since the listing.
                let name = ObjectNames.commit(
                    member: head.member,
                    incarnation: head.incarnation,
                    number: head.number,
                    hash: head.hash
                )
                if try store.exists(ObjectName(name)) { continue }
                // A gap below a higher commit, and another commit of the number that breaks its link, are told already.
                let isNumberShown = listed[chain]?.contains { $0.number == head.number } ?? false
                if !isNumberShown, let top = highest[chain], top > head.number { continue }
                problems.append(
                    HistoryProblem(
                        .withheld,
                        "commit \(head.number) (\(head.hash.hex.prefix(8))) of ",
                        chain,
                        " was seen by member \(commit.commit.signer.hex.prefix(8)) (commit \(commit.id.hex.prefix(8))), "
                            + "but the store "
                            + (isNumberShown ? "shows another one of that number" : "does not show it")
                            + ": commits are withheld or were replaced; look for them in another copy",
                        in: policies
                    )
                )
            }
        }
    }

    /// Reports members that have not committed for longer than they declared.
    mutating func checkSilence(now: Int64) {
        struct Source: Hashable {
            var member: MemberID
            var dataset: DatasetID
        }
        var newest: [Source: VerifiedCommit] = [:]
        // In order of their claimed time, so the last one stays; what claims to be of the future says nothing yet.
        for commit in commits where commit.replaces == nil && commit.commit.time <= now {
            newest[Source(member: commit.commit.signer, dataset: commit.commit.dataset)] = commit
        }
        for (source, commit) in newest.sorted(by: { ($0.key.member, $0.key.dataset) < ($1.key.member, $1.key.dataset) })
        where commit.commit.interval > 0 && policies.current.revocation(of: source.member) == nil {
            let silence = (now - commit.commit.time) / 1_000_000_000
            guard silence > Int64(clamping: commit.commit.interval) else { continue }
            problems.append(
                HistoryProblem(
                    .silence,
                    "",
                    commit.chain,
                    " has not committed to dataset \(source.dataset.hex.prefix(8)) for \(HistoryProblem.span(silence)), "
                        + "longer than the \(HistoryProblem.span(Int64(clamping: commit.commit.interval))) that it "
                        + "declared (last: number \(commit.commit.number), \(commit.id.hex.prefix(8))): its backups fail, "
                        + "or newer ones are withheld; see on its host",
                    in: policies
                )
            )
        }
    }
}

extension HistoryProblem {
    /// A span of time in its largest two units.
    static func span(_ seconds: Int64) -> String {
        let units: [(Int64, String)] = [(86400, "d"), (3600, "h"), (60, "min"), (1, "s")]
        var rest = seconds
        var parts: [String] = []
        for (length, unit) in units where parts.count < 2 {
            if rest >= length { parts.append("\(rest / length) \(unit)") }
            rest %= length
        }
        return parts.isEmpty ? "0 s" : parts.joined(separator: " ")
    }
}

extension ChainID {
    /// An order, so that reports come in the same order each time.
    static func isBefore(_ left: ChainID, _ right: ChainID) -> Bool {
        (left.member, left.incarnation) < (right.member, right.incarnation)
    }
}
