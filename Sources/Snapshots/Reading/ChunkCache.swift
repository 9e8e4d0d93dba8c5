import Records
import Repository

/// The data chunks that one thread used last, decrypted and checked.
///
/// Neighbouring small files share chunks, and a chunk is loaded once for a run of them. What could not be loaded is
/// remembered as well: a damaged chunk costs one attempt, not one for each file that needs it.
final class ChunkCache {
    private struct Slot {
        var id: ChunkID
        var buffer: [UInt8]
        var count: Int
        var use: UInt64
    }

    private struct Failure {
        var id: ChunkID
        var error: any Error
    }

    /// Chunks kept at most.
    private static let slotLimit = 4
    /// Bytes kept at most, unless a single chunk is larger.
    private static let byteLimit = 12 << 20
    /// Failed chunks remembered at most.
    private static let failureLimit = 64

    private let reader: ChunkReader
    private var slots: [Slot] = []
    private var failures: [Failure] = []
    private var useCounter: UInt64 = 0

    /// Loads through a reader that nobody else uses.
    init(reader: ChunkReader) { self.reader = reader }

    /// Lends the plaintext of a data chunk; the closure must not come back to this cache.
    ///
    /// Throws what `ChunkReader.load` throws.
    func withChunk<Result>(_ id: ChunkID, _ body: (RawSpan) throws -> Result) throws -> Result {
        let index = try slots.firstIndex { $0.id == id } ?? load(id)
        useCounter += 1
        slots[index].use = useCounter
        // A second name for the array: the slots stay free to change while it is lent.
        let buffer = slots[index].buffer
        return unsafe try body(buffer.span.bytes.extracting(0..<slots[index].count))
    }

    private func load(_ id: ChunkID) throws -> Int {
        if let known = failures.first(where: { $0.id == id }) { throw known.error }
        var buffer: [UInt8] = []
        if slots.count >= ChunkCache.slotLimit, let oldest = oldestSlot() {
            buffer = slots.remove(at: oldest).buffer
        }
        let count: Int
        do {
            count = try reader.load(id, type: .data, into: &buffer)
        } catch {
            if failures.count >= ChunkCache.failureLimit { failures.removeFirst() }
            failures.append(Failure(id: id, error: error))
            throw error
        }
        while slots.reduce(buffer.count, { $0 + $1.buffer.count }) > ChunkCache.byteLimit, let oldest = oldestSlot() {
            slots.remove(at: oldest)
        }
        slots.append(Slot(id: id, buffer: buffer, count: count, use: 0))
        return slots.count - 1
    }

    private func oldestSlot() -> Int? { slots.indices.min { slots[$0].use < slots[$1].use } }
}
