import ObjectStorage
import Records

extension Repository {
    /// Writes a record under the first number that is free: others may write at the same time, and anybody can plant a
    /// name.
    ///
    /// - Parameters:
    ///   - first: the number to begin with.
    ///   - make: the name and the object for a number.
    /// - Returns: the number after the one that was taken; the record is durable.
    /// - Throws: `RepositoryError.integrity` if a thousand numbers in a row are taken.
    func putNumbered(from first: UInt64, _ make: (UInt64) throws -> (name: String, object: [UInt8])) throws -> UInt64 {
        for number in first..<first + 1000 {
            let (name, object) = try make(number)
            do {
                try store.put(ObjectName(name), object)
                return number + 1
            } catch let error as StorageError where error.code == .alreadyExists {
                continue
            }
        }
        throw RepositoryError(
            .integrity,
            "no number from \(first) on is free for a new record: somebody has planted names; remove those that check reports"
        )
    }
}
