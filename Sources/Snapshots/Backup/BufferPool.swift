import Threads

/// A chunk's plaintext on its way from a reader to a worker.
///
/// It belongs to one thread at a time, which is why it is Sendable.
final class ChunkBuffer: @unchecked Sendable {
    var bytes: [UInt8]
    var count = 0

    init(capacity: Int) { bytes = [UInt8](repeating: 0, count: capacity) }
}

/// A fixed number of buffers: readers wait when all are in use, so memory is bounded and nothing is allocated per chunk.
final class BufferPool: Sendable {
    private let free: Monitor<(buffers: [ChunkBuffer], left: Int, isClosed: Bool)>
    private let capacity: Int

    init(count: Int, capacity: Int) {
        free = Monitor(([], count, false))
        self.capacity = capacity
    }

    /// Takes a buffer, waiting for one.
    ///
    /// - Returns: `nil` once the pool is closed.
    func take() -> ChunkBuffer? {
        let result = free.wait { pool -> ChunkBuffer?? in
            if pool.isClosed { return .some(nil) }
            // The one used last is still in the processor's cache.
            if let buffer = pool.buffers.popLast() { return .some(buffer) }
            guard pool.left > 0 else { return nil }
            pool.left -= 1
            return .some(ChunkBuffer(capacity: capacity))
        }
        return result ?? nil
    }

    /// Gives a buffer back.
    func give(_ buffer: ChunkBuffer) {
        buffer.count = 0
        free.change { $0.buffers.append(buffer) }
    }

    /// Lets everybody who waits go.
    func close() { free.change { $0.isClosed = true } }
}
