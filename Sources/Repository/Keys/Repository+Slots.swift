import Cryptography
import ObjectStorage
package import Records

extension Repository {
    /// Adds a key slot: the slot first, then the policy that makes it valid.
    ///
    /// - Returns: the slot's name.
    /// - Throws: `RepositoryError.notPermitted` for anyone but an owner.
    package func addSlot(_ slot: NewSlot) throws -> ObjectHash {
        try requireOwner()
        let object = try Repository.seal(keyring, slot, time: environment.now(), suite: suite)
        let name = try unsafe SHA256.hash(object.span.bytes)
        try store.put(ObjectName(ObjectNames.slot(name)), object)
        try publishPolicy { $0.slots = ($0.slots + [name]).sorted() }
        return name
    }

    /// Removes a key slot: the policy first, then the object.
    ///
    /// Whoever has opened the slot before keeps what it gave: this is no revocation of keys already taken.
    ///
    /// - Throws: `RepositoryError.invalidRequest` for the last slot or one that is not there.
    package func removeSlot(_ name: ObjectHash) throws {
        try requireOwner()
        let slots = policy.slots
        if let member = policy.members.first(where: { $0.slots.contains(name) }) {
            throw RepositoryError(
                .invalidRequest,
                "key \(name.hex.prefix(8)) is that of member \(member.name): holdfast member revoke takes it away"
            )
        }
        guard slots.contains(name) else {
            throw RepositoryError(.invalidRequest, "there is no key \(name.hex.prefix(8)) in the policy in force")
        }
        guard slots.count > 1 else {
            throw RepositoryError(.invalidRequest, "this is the only key: without it nobody could open the repository")
        }
        try publishPolicy { $0.slots.removeAll { $0 == name } }
        do {
            try store.remove(ObjectName(ObjectNames.slot(name)))
        } catch let error as StorageError where error.code == .notFound {
            // Gone is what it should be.
        }
    }

    /// Writes the next policy.
    func publishPolicy(_ change: (inout Policy) throws -> Void) throws {
        let chain = policies
        var next = chain.current
        next.number += 1
        next.previous = chain.headHash
        next.signer = keyring.member
        next.time = environment.now()
        try change(&next)
        try next.validate()
        let object = try SignedRecord.sign(next, with: keyring.signingKey)
        let name = ObjectNames.policy(next.number)
        if chain.strays.contains(where: { $0.name == name }) { try store.remove(ObjectName(name)) }
        do {
            try store.put(ObjectName(name), object)
        } catch let error as StorageError where error.code == .alreadyExists {
            throw RepositoryError(.busy, "somebody else has just changed the policy; try again")
        }
        try reloadPolicies()
        try rememberPolicy()
    }

    func requireOwner() throws {
        guard policy.isOwner(keyring.member) else {
            throw RepositoryError(.notPermitted, "only an owner of the repository may do this")
        }
    }
}
