import Records

extension CommitLog {
    /// Leaves out the commits of runs that a prune gave up, with what they needed (format.md §13).
    mutating func dropVoid(deadRuns: Set<RunReference>) {
        guard !deadRuns.isEmpty else { return }
        func isVoid(_ commit: VerifiedCommit) -> Bool {
            deadRuns.contains(RunReference(member: commit.commit.signer, run: commit.commit.run))
        }
        voidCommits = commits.filter(isVoid)
        commits.removeAll(where: isVoid)
    }
}
