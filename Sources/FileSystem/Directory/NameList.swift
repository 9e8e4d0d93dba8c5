internal import CLinux
internal import Glibc

/// The names of a directory in one piece of memory.
///
/// A name costs its own bytes and seven more, so a directory of a million entries stays within a few tens of MiB.
package struct NameList: Sendable {
    /// Per name: its kind (one byte, 0 when unknown), its length (two bytes, little-endian), its bytes.
    private var arena: [UInt8] = []

    /// Where in the arena each name's record starts, in the order of the names.
    private var offsets: [UInt32] = []

    /// Makes an empty list.
    package init() {}

    /// How many names there are.
    package var count: Int { offsets.count }

    /// Whether there are none.
    package var isEmpty: Bool { offsets.isEmpty }

    /// The bytes of memory that the list holds, not counting spare room.
    package var memoryBytes: Int { arena.count + 4 * offsets.count }

    /// The name at a place in the order, as an array of its own.
    package subscript(index: Int) -> [UInt8] { Array(arena[range(at: index)]) }

    /// Lends the name at a place in the order without copying it.
    package func withName<Result, Failure: Error>(
        at index: Int,
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let range = range(at: index)
        return try body(arena.span.extracting(range))
    }

    /// The kind that the directory itself states, or nil when it states none and the status has to be asked for.
    package func kind(at index: Int) -> FileKind? { FileKind(rawValue: arena[Int(offsets[index])]) }

    /// The place of a name in the order, or nil when it is not in the list.
    package func index(of name: [UInt8]) -> Int? {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            let candidate = arena[range(at: middle)]
            if candidate.elementsEqual(name) { return middle }
            if candidate.lexicographicallyPrecedes(name) { low = middle + 1 } else { high = middle }
        }
        return nil
    }

    /// Forgets all names and keeps the memory.
    package mutating func removeAll() {
        arena.removeAll(keepingCapacity: true)
        offsets.removeAll(keepingCapacity: true)
    }

    private func range(at index: Int) -> Range<Int> {
        let record = Int(offsets[index])
        let start = record + recordHeader
        return start..<start + (Int(arena[record + 1]) | Int(arena[record + 2]) << 8)
    }
}

/// The bytes of a record before its name.
private let recordHeader = 3

extension NameList {
    /// Appends everything that the directory lists from its start on.
    /// - Returns: 0, or the negated error number.
    @unsafe
    mutating func fill(fromDirectory directory: Int32) -> Int {
        let start = clinux_seek(directory, 0, SEEK_SET)
        if start < 0 { return start }
        let capacity = 65536
        return unsafe withUnsafeTemporaryAllocation(byteCount: capacity, alignment: 8) { buffer in
            while true {
                let count = unsafe clinux_read_directory(directory, buffer.baseAddress, capacity)
                if count <= 0 { return count }
                if unsafe !appendRecords(UnsafeRawBufferPointer(rebasing: buffer[..<count])) {
                    return -Int(EOVERFLOW)
                }
            }
        }
    }

    /// Appends what one call has listed; false when the arena would outgrow its offsets (4 GiB).
    private mutating func appendRecords(_ records: UnsafeRawBufferPointer) -> Bool {
        guard let base = records.baseAddress else { return true }
        var position = 0
        while position + 19 < records.count {
            let record = unsafe base + position
            let length = unsafe Int(clinux_record_length(record))
            guard length > 19, position + length <= records.count else { break }
            position += length
            guard let text = unsafe clinux_record_name(record) else { continue }
            let name = unsafe UnsafeRawBufferPointer(start: text, count: strnlen(text, length - 19))
            if unsafe isSelfOrParent(name) { continue }
            guard let offset = UInt32(exactly: arena.count) else { return false }
            let kind = unsafe FileKind(directoryType: clinux_record_type(record))
            arena.append(kind?.rawValue ?? 0)
            arena.append(UInt8(truncatingIfNeeded: name.count))
            arena.append(UInt8(truncatingIfNeeded: name.count >> 8))
            unsafe arena.append(contentsOf: name)
            offsets.append(offset)
        }
        return true
    }

    private func isSelfOrParent(_ name: UnsafeRawBufferPointer) -> Bool {
        switch name.count {
        case 1: unsafe name[0] == 0x2E
        case 2: unsafe name[0] == 0x2E && name[1] == 0x2E
        default: false
        }
    }

    /// Sorts by the raw bytes of the names and drops a name that the file system has listed twice, as some do when
    /// the directory changes meanwhile.
    mutating func sort() {
        unsafe arena.withUnsafeBytes { bytes in
            offsets.sort { unsafe compare(bytes, $0, $1) < 0 }
            var kept = 0
            for index in offsets.indices {
                if kept > 0, unsafe compare(bytes, offsets[kept - 1], offsets[index]) == 0 { continue }
                offsets[kept] = offsets[index]
                kept += 1
            }
            offsets.removeLast(offsets.count - kept)
        }
    }
}

@inline(__always)
private func compare(_ arena: UnsafeRawBufferPointer, _ left: UInt32, _ right: UInt32) -> Int32 {
    let (left, right) = (Int(left), Int(right))
    let leftCount = unsafe Int(arena[left + 1]) | Int(arena[left + 2]) << 8
    let rightCount = unsafe Int(arena[right + 1]) | Int(arena[right + 2]) << 8
    guard let base = arena.baseAddress else { return 0 }
    let order = unsafe memcmp(base + left + recordHeader, base + right + recordHeader, min(leftCount, rightCount))
    return order != 0 ? order : Int32(leftCount - rightCount)
}

extension NameList {
    /// A list of one name, of a kind that is not known.
    package init(single name: [UInt8]) {
        self.init()
        offsets.append(0)
        arena = [0, UInt8(truncatingIfNeeded: name.count), UInt8(truncatingIfNeeded: name.count >> 8)] + name
    }
}
