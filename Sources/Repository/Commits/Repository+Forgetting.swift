import Cryptography
import ObjectStorage
import Records

/// What a deletion of commits did.
package struct ForgettingResult: Sendable {
    /// Commits that were deleted.
    package var deleted = 0
    /// Commits that no longer count but whose objects could not be removed, with the reason.
    package var failures: [(object: String, error: any Error)] = []
}

extension Repository {
    /// Makes sure that this member may forget snapshots.
    ///
    /// - Throws: `RepositoryError.notPermitted`.
    package func requireMaintenance(to action: String) throws {
        guard policies.maintainsNow(keyring.member) else {
            throw RepositoryError(
                .notPermitted,
                "this key may not \(action): only an owner or a manager of the repository may"
            )
        }
    }

    /// Forgets commits: writes the record of them, durable, and then deletes them.
    ///
    /// From the record on they do not count. If the run ends in between, the next one deletes what is left.
    ///
    /// - Throws: `RepositoryError.notPermitted`, `.invalidRequest` if one is on hold, or what keeps the record from being
    ///   written; then nothing is deleted.
    package func forget(_ commits: [VerifiedCommit], log: CommitLog) throws -> ForgettingResult {
        try requireMaintenance(to: "forget snapshots")
        guard !commits.isEmpty else { return ForgettingResult() }
        let (holds, now) = (try holdsNow(), environment.now())
        for commit in commits where !holds.holds(of: commit.id, now: now).isEmpty {
            throw RepositoryError(
                .invalidRequest,
                "snapshot \(commit.id.hex.prefix(8)) is on hold: nothing was forgotten"
            )
        }
        let named = commits.map { commit in
            ForgottenCommit(
                member: commit.commit.signer,
                incarnation: commit.commit.incarnation,
                number: commit.commit.number,
                hash: commit.id,
                previous: commit.commit.previous
            )
        }
        let seen = stateFile?.load().forgottenRecords ?? 0
        let next = try putNumbered(from: max(log.forgotten.nextNumber, seen)) { number in
            let record = Forgotten(
                repository: id,
                signer: keyring.member,
                number: number,
                time: environment.now(),
                commits: named
            )
            return (ObjectNames.forgotten(number), try SignedRecord.sign(record, with: keyring.signingKey))
        }
        remember { state in state.forgottenRecords = max(state.forgottenRecords, next) }
        return try deleteCommits(commits.map { try ObjectName($0.objectName) })
    }

    /// Deletes the objects of commits that were forgotten before and are still there.
    package func deleteLeftovers(_ log: CommitLog) throws -> ForgettingResult { try deleteCommits(log.leftovers) }

    /// Removes objects of commits that a durable record names.
    private func deleteCommits(_ names: [ObjectName]) throws -> ForgettingResult {
        var result = ForgettingResult()
        for name in names {
            do {
                try store.remove(name)
                result.deleted += 1
            } catch let error as StorageError where error.code == .notFound {
                continue
            } catch {
                result.failures.append((name.path, error))
            }
        }
        return result
    }
}

extension VerifiedCommit {
    /// The name of the commit's object.
    var objectName: String {
        ObjectNames.commit(
            member: commit.signer,
            incarnation: commit.incarnation,
            number: commit.number,
            hash: id
        )
    }
}
