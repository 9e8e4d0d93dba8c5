import Cryptography
import Records

extension CommitLog {
    /// Compares with the heads that this host remembers, then remembers the higher ones.
    mutating func compareAndRemember(_ file: LocalStateFile, _ repository: Repository) {
        let known = file.load()
        var doubtful: Set<ChainID> = []
        for (chain, head) in known.heads.sorted(by: { ChainID.isBefore($0.key, $1.key) }) {
            // Under its name it is there; whether it is whole is told already.
            if forgotten.contains(head.hash) || isListed(chain, head.number, head.hash) { continue }
            doubtful.insert(chain)
            noteMissing(chain, head)
        }
        let lostRecords = known.forgottenRecords > forgotten.nextNumber
        if lostRecords {
            problems.append(
                HistoryProblem(
                    .rollBack,
                    "this host has seen \(known.forgottenRecords) records of forgotten commits, but the store shows only "
                        + "\(forgotten.nextNumber): the repository was rolled back, or records are withheld; look for them "
                        + "in another copy"
                )
            )
        }
        if known.holds > holds.nextNumber {
            problems.append(
                HistoryProblem(
                    .rollBack,
                    "this host has seen \(known.holds) records of holds, but the store shows only \(holds.nextNumber): the "
                        + "repository was rolled back, or records are withheld; look for them in another copy"
                )
            )
        }
        // The alarm must not go silent by itself: of a chain that contradicts what is remembered nothing new is.
        let heads = self.heads.filter { !doubtful.contains($0.key) }
        let next = max(known.forgottenRecords, forgotten.nextNumber)
        let nextHold = max(known.holds, holds.nextNumber)
        if next > known.forgottenRecords || nextHold > known.holds
            || heads.contains(where: { known.heads[$0.key].map { $0.number } ?? 0 < $0.value.number })
        {
            repository.remember { state in
                for head in heads.values { state.note(head) }
                state.forgottenRecords = max(state.forgottenRecords, next)
                state.holds = max(state.holds, nextHold)
            }
        }
    }

    private func isListed(_ chain: ChainID, _ number: UInt64, _ id: ObjectHash) -> Bool {
        listed[chain]?.contains { $0.id == id && $0.number == number } ?? false
    }

    private mutating func noteMissing(_ chain: ChainID, _ head: CommitHead) {
        let isNumberShown =
            listed[chain]?.contains { $0.number == head.number } ?? false
            || forgotten.commits(of: chain)[head.number] != nil
        if isNumberShown {
            problems.append(
                HistoryProblem(
                    .rollBack,
                    "commit \(head.number) of ",
                    chain,
                    " is not the one that this host has seen (\(head.hash.hex.prefix(8))): the history was rewritten or "
                        + "forked; compare it with another copy",
                    in: policies
                )
            )
            return
        }
        let shown = heads[chain]
        // A gap below a higher commit is told already.
        if let shown, shown.number > head.number { return }
        problems.append(
            HistoryProblem(
                .rollBack,
                "this host has seen commit \(head.number) (\(head.hash.hex.prefix(8))) of ",
                chain,
                ", but the store shows " + (shown.map { "only \($0.number)" } ?? "none")
                    + ": the repository was rolled back, or commits are withheld; look for them in another copy",
                in: policies
            )
        )
    }

    /// Adds the host to problems with chains of which a commit can be read.
    mutating func nameHosts(_ repository: Repository) {
        var hosts: [ChainID: String] = [:]
        for chain in Set(problems.compactMap(\.chain)) {
            // The newest few will do: a chain belongs to one host.
            for commit in commits.reversed().lazy.filter({ $0.chain == chain }).prefix(3) {
                guard let details = try? repository.details(of: commit.commit) else { continue }
                hosts[chain] = details.host
                break
            }
        }
        for index in problems.indices {
            if let chain = problems[index].chain { problems[index].host = hosts[chain] }
        }
    }
}
