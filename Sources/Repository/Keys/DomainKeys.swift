package import Cryptography
package import FileSystem
package import Records

/// The three keys that everybody who writes into a domain and epoch holds (format.md §6).
package final class DomainKeys: Sendable {
    /// The domain these keys belong to.
    package let domain: DomainID
    /// The epoch of the domain.
    package let epoch: UInt32
    /// Keys the HMAC that names chunks.
    package let chunkIDKey: Secret
    /// Seeds the chunker.
    package let chunkerKey: Secret
    /// Opens pack directories and index fragments.
    package let directoryKey: Secret
    /// Names datasets; the same in all epochs, so that a dataset keeps its id when keys are rotated.
    package let datasetKey: Secret

    /// Derives the keys from the repository secret.
    ///
    /// - Throws: `CryptographyError` when the library fails.
    package init(secret: borrowing Secret, repository: RepositoryID, domain: DomainID, epoch: UInt32) throws {
        self.domain = domain
        self.epoch = epoch
        let salt = repository.bytes
        func derive(_ label: String, epoch: UInt32?) throws -> Secret {
            var info = Array(label.utf8)
            info += domain.bytes
            if let epoch { info.appendLittleEndian(epoch) }
            return try unsafe HKDF.derive(from: secret, salt: salt.span.bytes, info: info.span.bytes, count: 32)
        }
        chunkIDKey = try derive("holdfast/v1/chunk-id", epoch: epoch)
        chunkerKey = try derive("holdfast/v1/chunker", epoch: epoch)
        directoryKey = try derive("holdfast/v1/directory", epoch: epoch)
        datasetKey = try derive("holdfast/v1/dataset", epoch: nil)
    }

    /// Takes keys that a writer's key file carries instead of the repository secret.
    package init(
        domain: DomainID,
        epoch: UInt32,
        chunkIDKey: consuming Secret,
        chunkerKey: consuming Secret,
        directoryKey: consuming Secret,
        datasetKey: consuming Secret
    ) {
        self.domain = domain
        self.epoch = epoch
        self.chunkIDKey = chunkIDKey
        self.chunkerKey = chunkerKey
        self.directoryKey = directoryKey
        self.datasetKey = datasetKey
    }

    /// The public name of a dataset: its keyed hash, so that storage does not learn the name.
    package func datasetID(of name: String) throws -> DatasetID {
        try identifier("holdfast/v1/dataset\0", Array(name.utf8))
    }

    /// The token that tells two boots of hosts, and two sets of process numbers of one boot, apart without naming them.
    package func bootToken(of process: ProcessIdentity) throws -> BootToken {
        try identifier("holdfast/v1/boot\0", Array("\(process.boot)/\(process.namespace)".utf8))
    }

    private func identifier<Kind>(_ label: String, _ value: [UInt8]) throws -> Identifier<Kind> {
        var hmac = try HMACSHA256(key: datasetKey)
        try unsafe hmac.update(Array(label.utf8).span.bytes)
        try unsafe hmac.update(value.span.bytes)
        guard let id = Identifier<Kind>(Array(try hmac.finalize().bytes.prefix(16))) else {
            throw RepositoryError(.integrity, "an id could not be formed")
        }
        return id
    }
}
