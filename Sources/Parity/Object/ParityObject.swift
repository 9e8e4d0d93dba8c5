import Cryptography
package import ObjectStorage
import Records

/// An object below `parity/` in a store, damaged or not.
///
///     head block ‖ checksums of all blocks ‖ parity columns ‖ head block ‖ head block
package struct ParityObject: Sendable {
    private static let headLengths = (12...18).map { 1 << $0 }

    /// Its name.
    package let name: ObjectName
    /// What it says of itself.
    package let head: ParityHead
    /// Length of a head block, bytes.
    let headLength: Int
    private let store: any ObjectStore

    /// Where the checksums begin.
    var tableStart: UInt64 { UInt64(headLength) }
    /// Where the parity columns begin.
    var columnsStart: UInt64 { UInt64(headLength + 4 * head.shape.blocks) }

    /// The length of an object with such a head, bytes.
    static func length(headLength: Int, _ shape: ParityShape) -> UInt64 {
        UInt64(3 * headLength) + UInt64(4 * shape.blocks) + UInt64(shape.parityLength)
    }

    /// Finds the head of an object: in any of its three copies, or in what two of three agree on byte by byte.
    ///
    /// - Throws: `RecordError.malformed` if there is none, or what keeps the store from being read.
    package init(_ name: ObjectName, in store: any ObjectStore) throws {
        let byteCount = try store.byteCount(of: name)
        var failure: (any Error)?
        // The whole copies first: what is made up of three could pass for a head by accident alone.
        for isVote in [false, true] {
            for length in ParityObject.headLengths where UInt64(3 * length) < byteCount {
                do {
                    let starts = [0, byteCount - UInt64(2 * length), byteCount - UInt64(length)]
                    let copies = starts.map { start in
                        (try? store.read(name, range: start..<(start + UInt64(length))))
                            ?? [UInt8](repeating: 0, count: length)
                    }
                    for block in isVote ? [ParityObject.vote(copies)] : copies {
                        guard let head = try? ParityHead(block: block) else { continue }
                        guard ParityObject.length(headLength: length, head.shape) == byteCount else { continue }
                        self.name = name
                        self.head = head
                        self.store = store
                        headLength = length
                        return
                    }
                }
            }
            failure = RecordError(.malformed, "no copy of the head of \(name) is whole")
        }
        throw failure ?? RecordError(.malformed, "\(name) is too short for a parity object")
    }

    private static func vote(_ copies: [[UInt8]]) -> [UInt8] {
        copies[0].indices.map { index in
            let (first, second, third) = (copies[0][index], copies[1][index], copies[2][index])
            return second == third ? second : first
        }
    }

    /// The checksums of all blocks, columns one after another; zeros where they cannot be read.
    func checksums() -> [UInt32] {
        var sums: [UInt32] = []
        sums.reserveCapacity(head.shape.blocks)
        var position = tableStart
        while position < columnsStart {
            let count = min(1 << 20, columnsStart - position)
            let bytes = readSalvaging(name, position..<(position + count), in: store, unit: 4096)
            for index in stride(from: 0, to: bytes.count, by: 4) {
                sums.append((0..<4).reduce(0) { $0 | UInt32(bytes[index + $1]) << UInt32(8 * $1) })
            }
            position += count
        }
        return sums
    }

    /// A stretch of a parity column; zeros where it cannot be read.
    func parity(_ column: Int, _ range: Range<Int>) -> [UInt8] {
        let start = columnsStart + UInt64(column * head.shape.columnLength)
        return readSalvaging(
            name,
            (start + UInt64(range.lowerBound))..<(start + UInt64(range.upperBound)),
            in: store,
            unit: head.shape.blockLength
        )
    }
}

/// Reads a range of an object, piece by piece where it does not come in one; what cannot be read, or is beyond its end,
/// is zero: the checksums tell.
func readSalvaging(_ name: ObjectName, _ range: Range<UInt64>, in store: any ObjectStore, unit: Int) -> [UInt8] {
    if let whole = try? store.read(name, range: range) { return whole }
    var result = [UInt8](repeating: 0, count: range.count)
    guard let length = try? store.byteCount(of: name), length > range.lowerBound else { return result }
    var position = range.lowerBound
    let end = min(range.upperBound, length)
    while position < end {
        let next = min(position + UInt64(unit), end)
        if let part = try? store.read(name, range: position..<next) {
            let start = Int(position - range.lowerBound)
            result.replaceSubrange(start..<(start + part.count), with: part)
        }
        position = next
    }
    return result
}
