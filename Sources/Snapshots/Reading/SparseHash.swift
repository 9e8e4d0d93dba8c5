/// What the hash of a file with holes covers besides its data (format.md §12.1, field 43).
enum SparseHash {
    /// Stands before everything.
    static let prefix = Array("holdfast/v1/sparse\0".utf8)

    /// Stands before a run of data, and for a run of holes.
    static func head(isHole: Bool, length: UInt64) -> [UInt8] {
        var head: [UInt8] = [isHole ? 0 : 1]
        for shift in stride(from: UInt64(0), to: 64, by: 8) { head.append(UInt8(truncatingIfNeeded: length >> shift)) }
        return head
    }
}
