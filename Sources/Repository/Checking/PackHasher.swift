package import ObjectStorage
package import Records

/// Compares the bytes of packs with their names, without keys.
///
/// One per thread.
package final class PackHasher {
    private let store: any ObjectStore
    private let isCancelled: @Sendable () -> Bool
    private let progress: @Sendable (Int) -> Void
    private var buffer: [UInt8] = []

    /// Makes a hasher.
    ///
    /// - Parameter progress: told of bytes that were read.
    package init(
        store: any ObjectStore,
        isCancelled: @escaping @Sendable () -> Bool,
        progress: @escaping @Sendable (Int) -> Void
    ) {
        self.store = store
        self.isCancelled = isCancelled
        self.progress = progress
    }

    /// Reads a pack.
    ///
    /// - Throws: `RepositoryError.cancelled`, or what keeps the store from being read; damage does not throw.
    package func verify(_ reference: PackReference) throws -> PackVerification {
        var result = PackVerification(reference)
        let stream = try PackStream(reference, store: store, buffer: buffer, isCancelled: isCancelled)
        buffer = []
        do {
            let (hash, free) = try stream.finish()
            buffer = free
            if hash != reference.name {
                result.problems.append(.init(message: "its bytes are not those that its name says", isDamage: true))
            }
        } catch let error as StorageError where error.isDamage {
            result.problems.append(.init(message: "it cannot be read to its end: \(error)", isDamage: true))
        }
        result.byteCount = stream.position
        progress(Int(stream.position))
        return result
    }
}
