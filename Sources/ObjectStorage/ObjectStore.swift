package import Cryptography

/// A place that keeps objects under names and never overwrites one.
///
/// All calls block and may be made from any thread. Errors are `StorageError`s, except those that a caller's closure
/// has thrown.
package protocol ObjectStore: Sendable {
    /// Where the store is, in words for people: a path or an address, without secrets.
    var location: String { get }

    /// Begins an object whose name is not known until its end, such as one that is called by its hash.
    func makeWriter() throws -> any ObjectWriter

    /// Creates an object with the given content; it is durable on return.
    ///
    /// Throws `alreadyExists`, and changes nothing, when there is an object of that name.
    func put(_ name: ObjectName, _ bytes: [UInt8]) throws

    /// Reads a range of an object's bytes; throws `truncated` when the object ends before the range does.
    func read(_ name: ObjectName, range: Range<UInt64>) throws -> [UInt8]

    /// Reads exactly `count` bytes from an offset into a buffer at a position; throws `truncated` when the object ends
    /// before.
    ///
    /// - Precondition: the buffer is at least `position + count` bytes long.
    func read(
        _ name: ObjectName,
        offset: UInt64,
        count: Int,
        into buffer: inout [UInt8],
        at position: Int
    ) throws

    /// Reads a whole object, or throws `tooLarge` before it takes any memory when the object is longer than `limit`.
    func readAll(_ name: ObjectName, atMost limit: Int) throws -> [UInt8]

    /// The length of an object.
    func byteCount(of name: ObjectName) throws -> UInt64

    /// Calls a closure with the name and length of every object below a folder.
    ///
    /// Names come in the order of their bytes within each folder, a folder's objects where its own name stands. An
    /// object is listed as soon as it was durable before the call began. A folder that does not exist lists nothing.
    /// - Parameter prefix: empty for the whole store, otherwise components each followed by `/`, such as `packs/4f/`.
    func list(prefix: String, _ body: (ObjectName, _ byteCount: UInt64) throws -> Void) throws

    /// Removes an object; it is gone for good on return. Throws `notFound` when there is none.
    func remove(_ name: ObjectName) throws

    /// Whether there is an object of that name.
    func exists(_ name: ObjectName) throws -> Bool

    /// Removes what processes that ended too early have left behind; a store that keeps nothing such does nothing.
    /// - Returns: how many such things were removed.
    @discardableResult
    func removeStaleTemporaries() throws -> Int

    /// Puts the right bytes in the place of a damaged or missing object; durable on return.
    ///
    /// This is the one exception from the rule that nothing is overwritten, and the store itself sees to it that it is
    /// none: the bytes that are there must not be those that the name says, the new ones must be.
    ///
    /// - Parameters:
    ///   - expected: the SHA-256 of the right bytes; if the last part of the name states one, it is the same.
    ///   - isWhole: for names that state no SHA-256: whether bytes are a whole object of this name.
    ///   - write: writes the right bytes.
    /// - Throws: `alreadyExists`, and changes nothing, if the object is whole; `other` if the new bytes are not right.
    func replaceDamaged(
        _ name: ObjectName,
        expected: Digest,
        isWhole: ((_ bytes: [UInt8]) throws -> Bool)?,
        write: (any ObjectWriter) throws -> Void
    ) throws
}

/// An object that is being written; nobody sees it until it is committed.
///
/// One thread uses it at a time. A writer that goes out of use uncommitted is abandoned.
package protocol ObjectWriter: AnyObject {
    /// How many bytes were appended.
    var byteCount: UInt64 { get }

    /// Appends bytes; after an error the writer is abandoned.
    func append(_ bytes: RawSpan) throws

    /// Makes the object exist under a name, durable on return, and ends the writer.
    ///
    /// Throws `alreadyExists`, and changes nothing, when there is an object of that name.
    func commit(as name: ObjectName) throws

    /// Drops what was written; does nothing after a commit.
    func abandon()
}

extension ObjectWriter {
    /// Appends the bytes of an array; after an error the writer is abandoned.
    package func append(_ bytes: [UInt8]) throws { try unsafe append(bytes.span.bytes) }
}

extension ObjectStore {
    /// Does nothing.
    @discardableResult
    package func removeStaleTemporaries() throws -> Int { 0 }

    /// Checks a folder prefix; throws `invalidName` unless it is empty or components each followed by `/`.
    /// - Returns: the path of the folder without the last `/`.
    package func folder(of prefix: String) throws(StorageError) -> String {
        if prefix.isEmpty { return "" }
        guard prefix.hasSuffix("/"), let folder = ObjectName(validating: prefix.dropLast()) else {
            throw StorageError(.invalidName, "\"\(prefix.debugDescription)\" is not the prefix of a folder")
        }
        return folder.path
    }
}
