import Cryptography
import ObjectStorage
package import Records

extension CommitLog {
    /// Takes in a commit that this host has just made, so that the next one need not read all others again.
    ///
    /// - Throws: what keeps the commit from being read back; without local state everything is loaded anew.
    package mutating func noteOwn(_ id: ObjectHash, in repository: Repository) throws {
        guard let head = repository.stateFile?.load().ownHeads[repository.keyring.member], head.hash == id,
            let key = repository.policies.key(of: head.member)
        else {
            self = try CommitLog.load(repository)
            return
        }
        let name = ObjectNames.commit(
            member: head.member,
            incarnation: head.incarnation,
            number: head.number,
            hash: head.hash
        )
        let object = try repository.store.readAll(ObjectName(name), atMost: RecordKind.commit.maximumByteCount)
        let commit = try SignedRecord.body(Commit.self, of: object, signedBy: key, repository: repository.id)
        let mayReplace = repository.policies.maintainsNow(head.member)
        append(VerifiedCommit(id: id, commit: commit, replaces: mayReplace ? commit.replaced : nil))
    }
}
