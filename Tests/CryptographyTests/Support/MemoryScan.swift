import Cryptography
import Glibc
import Testing

/// Searches the memory of this process for bytes that should be nowhere in it.
///
/// Reads through /proc/self/mem, so that no page is missed and an unmapped one is no crash.
@safe
struct MemoryScan: ~Copyable {
    private static let pieceByteCount = 1 << 20
    private let piece: UnsafeMutableRawPointer
    private let descriptor: Int32

    init() throws {
        descriptor = unsafe open("/proc/self/mem", O_RDONLY | O_CLOEXEC)
        try #require(descriptor >= 0, "cannot open /proc/self/mem")
        unsafe piece = .allocate(byteCount: Self.pieceByteCount, alignment: 4096)
    }

    deinit {
        unsafe memset(piece, 0, Self.pieceByteCount)
        unsafe piece.deallocate()
        close(descriptor)
    }

    /// How often a secret's bytes lie in memory, not counting the secret itself.
    func occurrences(of needle: borrowing Secret) throws -> Int {
        let maps = try readMaps()
        return needle.withBytes { needle in
            unsafe needle.withUnsafeBytes { needle in
                maps.reduce(0) { count, range in unsafe count + occurrences(of: needle, in: range) }
            }
        }
    }

    private func occurrences(of needle: UnsafeRawBufferPointer, in range: Range<UInt>) -> Int {
        guard let needleStart = needle.baseAddress else { return 0 }
        let own = unsafe [UInt(bitPattern: piece), UInt(bitPattern: needleStart)]
        var count = 0
        var position = range.lowerBound
        while position < range.upperBound {
            let length = min(Self.pieceByteCount, Int(range.upperBound - position))
            let received = unsafe pread(descriptor, piece, length, off_t(truncatingIfNeeded: position))
            guard received > 0 else { break }
            var offset = 0
            while let hit = unsafe find(needle, from: offset, to: received) {
                offset = hit
                let address = position + UInt(offset)
                let isOwn = address == own[1] || (own[0]..<own[0] + UInt(Self.pieceByteCount)).contains(address)
                if !isOwn { count += 1 }
                offset += 1
            }
            // Pieces overlap, so that a hit across their border is seen.
            guard received == length, position + UInt(length) < range.upperBound else { break }
            position += UInt(length - needle.count + 1)
        }
        return count
    }

    /// The first offset in the piece at which the needle stands.
    private func find(_ needle: UnsafeRawBufferPointer, from start: Int, to end: Int) -> Int? {
        guard let first = unsafe needle.first, let needleStart = needle.baseAddress else { return nil }
        var offset = start
        while offset + needle.count <= end,
            let candidate = unsafe memchr(piece + offset, Int32(first), end - needle.count + 1 - offset)
        {
            offset = unsafe candidate - UnsafeMutableRawPointer(piece)
            if unsafe memcmp(candidate, needleStart, needle.count) == 0 { return offset }
            offset += 1
        }
        return nil
    }

    /// The readable mappings, without the huge shadow areas of sanitizers and the kernel's own pages.
    private func readMaps() throws -> [Range<UInt>] {
        var text: [UInt8] = []
        let file = unsafe open("/proc/self/maps", O_RDONLY | O_CLOEXEC)
        try #require(file >= 0)
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe read(file, &buffer, buffer.count)
            guard count > 0 else { break }
            text += buffer[..<count]
        }
        return String(decoding: text, as: UTF8.self).split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count >= 2, fields[1].hasPrefix("r"), !line.hasSuffix("[vvar]"), !line.hasSuffix("[vsyscall]")
            else { return nil }
            let ends = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            guard ends.count == 2, ends[0] < ends[1], ends[1] - ends[0] <= 1 << 30 else { return nil }
            return ends[0]..<ends[1]
        }
    }
}
