import Records

extension PolicyChain {
    /// Makes sure that a commit's member had the right to make it.
    ///
    /// - Returns: the member as the policy had it that the commit names.
    /// - Throws: `RepositoryError.integrity` saying why it does not count.
    @discardableResult
    func requireRight(of commit: Commit, id: ObjectHash) throws -> PolicyMember {
        guard let index = policies.firstIndex(where: { $0.number == commit.policyNumber }),
            hashes[index] == commit.policyHash
        else { throw RepositoryError(.integrity, "it names a policy that the repository does not have") }
        guard let member = policies[index].member(commit.signer), policies[index].revocation(of: commit.signer) == nil
        else { throw RepositoryError(.integrity, "its member was not in the policy that it names") }
        guard member.role != .reader, member.role != .replica else {
            throw RepositoryError(.integrity, "its member may not write")
        }
        guard member.certificateSerial == commit.certificateSerial else {
            throw RepositoryError(
                .integrity,
                "it names certificate \(commit.certificateSerial), its member's was \(member.certificateSerial)"
            )
        }
        guard member.mayUse(commit.domain) else {
            throw RepositoryError(.integrity, "its member may not write into domain \(commit.domain.hex)")
        }
        // Rounded down also before 1970.
        let seconds = commit.time >= 0 ? commit.time / 1_000_000_000 : (commit.time + 1) / 1_000_000_000 - 1
        guard member.isValid(at: seconds) else {
            throw RepositoryError(.integrity, "its member's certificate did not hold at the time that it claims")
        }
        if let revocation = current.revocation(of: commit.signer) {
            guard let accepted = revocation.accepted.first(where: { $0.incarnation == commit.incarnation }),
                commit.number < accepted.number || (commit.number == accepted.number && id == accepted.hash)
            else { throw RepositoryError(.integrity, "its member was revoked before it") }
        }
        return member
    }
}
