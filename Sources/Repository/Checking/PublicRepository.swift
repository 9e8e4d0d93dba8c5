package import Cryptography
package import ObjectStorage
package import Records

/// What can be known of a repository without a key: its header, and the policies that follow from it.
///
/// The header is not signed: whoever controls the store can replace all of it. What is verified here hangs together,
/// and is what a key would be shown; that it is the repository of old only a key or a remembered head can tell.
package struct PublicRepository: Sendable {
    /// Where the objects are.
    package let store: any ObjectStore
    /// The public header.
    package let format: FormatHeader
    /// The policies, from the one that the header names on.
    package let policies: PolicyChain

    /// Reads header and policies.
    ///
    /// - Throws: `RepositoryError` with `.noRepository`, `.unsupported` or `.integrity`.
    package init(store: any ObjectStore) throws {
        self.store = store
        format = try Repository.readFormat(store)
        let name = try ObjectName(ObjectNames.policy(0))
        let object: [UInt8]
        do {
            object = try store.readAll(name, atMost: RecordKind.policy.maximumByteCount)
        } catch let error as StorageError where error.code == .notFound {
            throw RepositoryError(.integrity, "policy 0 is missing: the repository is damaged", cause: error)
        }
        policies = try PolicyChain(
            store: store,
            repository: format.repository,
            rootOwner: try PublicRepository.rootOwner(object),
            rootPolicy: format.rootPolicy
        )
    }

    /// The key of the owner that policy 0 hangs on.
    package func rootOwner() throws -> VerifyingKey {
        let first = policies.policies[0]
        guard let owner = first.member(first.signer) else {
            throw RepositoryError(.integrity, "policy 0 is signed by somebody who is not in it")
        }
        return owner.key
    }

    /// The key of the owner that policy 0 names as its signer.
    private static func rootOwner(_ object: [UInt8]) throws -> VerifyingKey {
        do throws(RecordError) {
            let signer = try SignedRecord.signer(of: object, kind: .policy)
            let body = object.dropFirst(RecordKind.magicByteCount + 4).dropLast(VerifyingKey.signatureByteCount)
            // Not verified yet: the signature is checked with the key that is found here, and the key against the id.
            let policy = try Policy(decoding: Array(body))
            guard let owner = policy.member(signer) else {
                throw RecordError(.malformed, "policy 0 is signed by \(signer), who is not in it")
            }
            return owner.key
        } catch {
            throw RepositoryError(.integrity, "policy 0 is damaged", cause: error)
        }
    }
}
