import Cryptography

/// Counts different contents exactly with bounded memory: when there are too many for one pass, it looks at a part of
/// all hashes at a time, and asks for further passes over the same files.
struct DistinctContents {
    /// Contents that are held at a time: some 200 MiB.
    private let limit: Int
    private var sizes: [Digest: UInt64] = [:]
    /// The parts to come: hashes whose leading bits have the value.
    private var parts: [(bits: UInt64, value: UInt64)] = []
    private var part: (bits: UInt64, value: UInt64) = (0, 0)
    /// Contents of the passes that are finished.
    private(set) var count: UInt64 = 0
    /// Their bytes.
    private(set) var bytes: UInt64 = 0

    init(limit: Int = 3_000_000) { self.limit = max(1, limit) }

    /// Takes a file.
    mutating func add(_ hash: Digest, size: UInt64) {
        guard isInPart(hash) else { return }
        sizes[hash] = size
        while sizes.count > limit, part.bits < 63 {
            parts.append((part.bits + 1, part.value << 1 | 1))
            part = (part.bits + 1, part.value << 1)
            sizes = sizes.filter { isInPart($0.key) }
        }
    }

    /// Ends a pass.
    ///
    /// - Returns: whether another is needed.
    mutating func finishPass() -> Bool {
        count += UInt64(sizes.count)
        bytes += sizes.values.reduce(0, +)
        sizes = [:]
        guard let next = parts.popLast() else { return false }
        part = next
        return true
    }

    private func isInPart(_ hash: Digest) -> Bool {
        part.bits == 0 || hash.prefix64 >> (64 - part.bits) == part.value
    }
}
