import Cryptography
package import Records

/// Seals and opens the part of a commit that only readers and managers learn (format.md §11).
enum SealedDetails {
    /// What the sealing binds besides the key.
    struct Binding {
        var repository: RepositoryID
        var domain: DomainID
        var member: MemberID
        var incarnation: Incarnation
        var run: RunID
        var number: UInt64

        var bytes: [UInt8] {
            var bytes = repository.bytes + domain.bytes + member.bytes + incarnation.bytes + run.bytes
            bytes.appendLittleEndian(number)
            return bytes
        }
    }

    static func seal(
        _ details: CommitDetails,
        key: ContentKey,
        salt: [UInt8],
        binding: Binding,
        suite: CipherSuite
    ) throws -> [UInt8] {
        var aead = try cipher(key, salt: salt, repository: binding.repository, suite: suite)
        let plain = details.encoded()
        let associated = binding.bytes
        return try unsafe aead.seal(plain.span.bytes, counter: 0, associatedData: associated.span.bytes)
    }

    static func open(_ commit: Commit, key: ContentKey, suite: CipherSuite) throws -> CommitDetails {
        var aead = try cipher(key, salt: commit.salt, repository: commit.repository, suite: suite)
        let binding = Binding(
            repository: commit.repository,
            domain: commit.domain,
            member: commit.signer,
            incarnation: commit.incarnation,
            run: commit.run,
            number: commit.number
        )
        let associated = binding.bytes
        var plain = [UInt8](repeating: 0, count: max(0, commit.sealed.count - AEAD.tagByteCount))
        do {
            try unsafe aead.open(
                commit.sealed.span.bytes,
                counter: 0,
                associatedData: associated.span.bytes,
                into: &plain,
                at: 0
            )
        } catch {
            throw RepositoryError(.integrity, "the sealed part of a commit is damaged or forged", cause: error)
        }
        return try CommitDetails(decoding: plain)
    }

    private static func cipher(
        _ key: ContentKey,
        salt: [UInt8],
        repository: RepositoryID,
        suite: CipherSuite
    ) throws -> AEAD {
        let info = Array("holdfast/v1/commit".utf8) + repository.bytes
        let derived = try unsafe HKDF.derive(from: key.key, salt: salt.span.bytes, info: info.span.bytes, count: 32)
        return try AEAD(suite: suite, key: derived)
    }
}

extension Repository {
    /// Opens the sealed part of a commit.
    ///
    /// - Throws: `RepositoryError.notPermitted` for a member that is no reader.
    package func details(of commit: Commit) throws -> CommitDetails {
        let context = ContentKeyContext(
            repository: id,
            domain: commit.domain,
            epoch: commit.epoch,
            member: commit.signer,
            run: commit.run,
            purpose: .metadata
        )
        // A commit is sealed by the suite of the policy that it names, which need not be the one in force.
        let suite = policies.policies.first { $0.number == commit.policyNumber }?.suite ?? suite
        let key = try contentKey(commit.keyBox, context: context, suite: suite)
        let details = try SealedDetails.open(commit, key: key, suite: suite)
        guard try keys(domain: commit.domain, epoch: commit.epoch).datasetID(of: details.dataset) == commit.dataset
        else {
            throw RepositoryError(.integrity, "a commit names one dataset outside and another in its sealed part")
        }
        return details
    }
}
