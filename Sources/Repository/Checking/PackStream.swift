import Cryptography
import ObjectStorage
import Records

/// Reads a pack from its start to its end in large steps, hashing all of it on the way.
///
/// Memory is one buffer, whatever the pack's length.
final class PackStream {
    /// How much is read at once, bytes.
    static let step = 4 << 20

    let byteCount: UInt64
    private let name: ObjectName
    private let store: any ObjectStore
    private let isCancelled: @Sendable () -> Bool
    private var hash: SHA256
    /// Bytes of the pack from `start` on; `held` of them are there.
    private var buffer: [UInt8]
    private var start: UInt64 = 0
    private var held = 0

    /// Begins before the first byte.
    ///
    /// - Parameter buffer: memory to use; `finish` gives it back.
    init(
        _ reference: PackReference,
        store: any ObjectStore,
        buffer: consuming [UInt8],
        isCancelled: @escaping @Sendable () -> Bool
    ) throws {
        byteCount = reference.byteCount
        name = try ObjectName(ObjectNames.pack(reference.name))
        self.store = store
        self.isCancelled = isCancelled
        self.buffer = buffer
        hash = try SHA256()
    }

    /// How many bytes have been read.
    var position: UInt64 { start + UInt64(held) }

    /// Lends bytes of the pack; ranges come in ascending order.
    ///
    /// - Throws: `StorageError`, or `RepositoryError.cancelled`.
    func withBytes<Result>(_ range: Range<UInt64>, _ body: (RawSpan) throws -> Result) throws -> Result {
        guard range.lowerBound >= start, range.upperBound <= byteCount else {
            throw RepositoryError(.integrity, "a frame lies outside of its pack")
        }
        while position < range.upperBound { try readMore(keepingFrom: range.lowerBound, count: range.count) }
        let offset = Int(range.lowerBound - start)
        let bytes = buffer
        return try unsafe body(bytes.span.bytes.extracting(offset..<(offset + range.count)))
    }

    /// Reads what is left.
    ///
    /// - Returns: the hash of all bytes, and the buffer.
    func finish() throws -> (hash: ObjectHash, buffer: [UInt8]) {
        while position < byteCount { try readMore(keepingFrom: position, count: 0) }
        let free = buffer
        buffer = []
        return (try hash.finalize(), free)
    }

    private func readMore(keepingFrom first: UInt64, count: Int) throws {
        if isCancelled() { throw RepositoryError(.cancelled, "stopped before everything was checked") }
        discard(before: min(first, position))
        let capacity = max(count, PackStream.step * 2)
        if buffer.count < capacity { buffer += [UInt8](repeating: 0, count: capacity - buffer.count) }
        let length = Int(min(UInt64(min(PackStream.step, buffer.count - held)), byteCount - position))
        try store.read(name, offset: position, count: length, into: &buffer, at: held)
        let bytes = buffer
        try unsafe hash.update(bytes.span.bytes.extracting(held..<(held + length)))
        held += length
    }

    /// Moves what is still needed to the start of the buffer.
    private func discard(before first: UInt64) {
        let count = Int(first - start)
        guard count > 0 else { return }
        let end = held
        unsafe buffer.withUnsafeMutableBytes { bytes in
            unsafe bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[count..<end]))
        }
        start = first
        held -= count
    }
}
