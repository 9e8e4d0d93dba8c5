internal import COpenSSL
internal import Glibc
internal import Synchronization

/// Hands out memory for secrets from locked pages.
///
/// Locked memory is scarce (RLIMIT_MEMLOCK is 64 KiB to 8 MiB by default) and is accounted in pages, so small secrets
/// share pages: each page is cut into slots of one size, a power of two from 16 to 2,048 bytes. Larger secrets get pages
/// of their own, unmapped when freed. Shared pages stay mapped, at the process's high-water mark.
///
/// Pages are kept out of core dumps. Locking is best effort: past the limit a page merely can be swapped.
final class SecretArena: Sendable {
    /// The arena of the process.
    static let shared = SecretArena()

    /// What the arena holds, in bytes; for tests and diagnostics.
    struct Usage: Equatable {
        /// Mapped, whether in use or not.
        var mappedByteCount = 0
        /// Of these, pinned in physical memory.
        var lockedByteCount = 0
    }

    private struct State {
        /// Free slots by size class, as addresses; the slots' bytes are zero.
        var freeSlots = [[UInt]](repeating: [], count: SecretArena.classCount)
        var lockedPages: Set<UInt> = []
        var usage = Usage()
    }

    private static let smallestSlot = 16
    private static let largestSlot = 2048
    private static let classCount = 8

    private let pageByteCount = sysconf(Int32(_SC_PAGESIZE))
    private let state = Mutex(State())

    private init() {}

    /// What the arena holds now.
    var usage: Usage { state.withLock { $0.usage } }

    /// The capacity of the slot that a secret of this size gets, in bytes.
    func capacity(for byteCount: Int) -> Int {
        if byteCount <= Self.largestSlot {
            return Self.slotByteCount(ofClass: Self.sizeClass(for: byteCount))
        }
        return (byteCount + pageByteCount - 1) / pageByteCount * pageByteCount
    }

    /// Memory of zero bytes, at least as many as asked for; throws `.outOfMemory`.
    func allocate(byteCount: Int) throws -> UnsafeMutableRawPointer {
        guard byteCount >= 0, byteCount <= 1 << 30 else {
            throw CryptographyError(
                code: .invalidParameters,
                message: "a secret of \(byteCount) bytes is beyond the limit of 1 GiB"
            )
        }
        let address = try state.withLock { state in
            if byteCount > Self.largestSlot {
                return try map(byteCount: capacity(for: byteCount), into: &state)
            }
            let sizeClass = Self.sizeClass(for: byteCount)
            if let slot = state.freeSlots[sizeClass].popLast() { return slot }
            let page = try map(byteCount: pageByteCount, into: &state)
            let slotByteCount = Self.slotByteCount(ofClass: sizeClass)
            let others = stride(from: pageByteCount - slotByteCount, to: 0, by: -slotByteCount)
            state.freeSlots[sizeClass].append(contentsOf: others.map { page + UInt($0) })
            return page
        }
        guard let pointer = unsafe UnsafeMutableRawPointer(bitPattern: address) else {
            throw CryptographyError(code: .outOfMemory, message: "the kernel mapped a page at address zero")
        }
        return unsafe pointer
    }

    /// Wipes and takes back memory that `allocate` gave for this many bytes.
    func release(_ pointer: UnsafeMutableRawPointer, byteCount: Int) {
        let capacity = capacity(for: byteCount)
        unsafe OPENSSL_cleanse(pointer, capacity)
        let address = UInt(bitPattern: pointer)
        state.withLock { state in
            if byteCount > Self.largestSlot {
                // munmap(2) drops the lock with the pages.
                unsafe munmap(pointer, capacity)
                state.usage.mappedByteCount -= capacity
                if state.lockedPages.remove(address) != nil { state.usage.lockedByteCount -= capacity }
            } else {
                state.freeSlots[Self.sizeClass(for: byteCount)].append(address)
            }
        }
    }

    private func map(byteCount: Int, into state: inout State) throws -> UInt {
        let pages = unsafe mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let pages = unsafe pages, unsafe pages != MAP_FAILED else {
            throw CryptographyError(
                code: .outOfMemory,
                message: "cannot map \(byteCount) bytes for secrets: \(systemErrorText(errno))"
            )
        }
        unsafe madvise(pages, byteCount, Int32(MADV_DONTDUMP))
        state.usage.mappedByteCount += byteCount
        let address = UInt(bitPattern: pages)
        if unsafe mlock(pages, byteCount) == 0 {
            state.usage.lockedByteCount += byteCount
            if byteCount > pageByteCount { state.lockedPages.insert(address) }
        }
        return address
    }

    /// The index of the smallest slot size that holds this many bytes: 0 for 16 bytes, 7 for 2,048.
    private static func sizeClass(for byteCount: Int) -> Int {
        guard byteCount > smallestSlot else { return 0 }
        return Int.bitWidth - (byteCount - 1).leadingZeroBitCount - smallestSlot.trailingZeroBitCount
    }

    private static func slotByteCount(ofClass sizeClass: Int) -> Int { smallestSlot << sizeClass }
}
