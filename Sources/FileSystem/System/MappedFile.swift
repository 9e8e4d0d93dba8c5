internal import CLinux
internal import Glibc

/// A file's content as memory, read by the kernel where it is touched.
///
/// Meant for files that only this program writes, and writes once: when somebody cuts a mapped file off, touching what
/// is gone ends the process.
// @unchecked: the mapping is read-only and lives as long as the object.
@safe
package final class MappedFile: @unchecked Sendable {
    private let bytes: UnsafeRawBufferPointer

    /// Maps the whole file as it is now; the descriptor may be closed afterwards.
    package init(_ file: Descriptor) throws(SystemError) {
        guard let count = Int(exactly: try file.status().size), count > 0 else {
            unsafe bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        var address: UnsafeMutableRawPointer?
        try checked(unsafe clinux_map(file.rawValue, count, &address), "map file into memory")
        unsafe bytes = UnsafeRawBufferPointer(start: address, count: count)
    }

    deinit {
        guard let address = unsafe bytes.baseAddress else { return }
        unsafe munmap(UnsafeMutableRawPointer(mutating: address), bytes.count)
    }

    /// The file's length in bytes.
    package var count: Int { unsafe bytes.count }

    /// Lends the whole content.
    package func withBytes<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe body(bytes.bytes)
    }

    /// The byte at an offset.
    package subscript(offset: Int) -> UInt8 {
        precondition(offset >= 0 && offset < count, "outside the mapped file")
        return unsafe bytes[offset]
    }

    /// The bytes of a range as an array.
    package func array(_ range: Range<Int>) -> [UInt8] {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "outside the mapped file")
        return unsafe Array(bytes[range])
    }

    /// The little-endian integer at an offset, which need not be aligned.
    package func load<Integer: FixedWidthInteger>(_ type: Integer.Type, at offset: Int) -> Integer {
        precondition(
            offset >= 0 && offset <= count - MemoryLayout<Integer>.size,
            "outside the mapped file"
        )
        return unsafe Integer(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Integer.self))
    }

    /// Tells the kernel that places are touched at random, so that it does not read ahead.
    package func adviseRandom() {
        guard let address = unsafe bytes.baseAddress else { return }
        _ = unsafe madvise(UnsafeMutableRawPointer(mutating: address), bytes.count, MADV_RANDOM)
    }
}
