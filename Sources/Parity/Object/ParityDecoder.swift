import Cryptography
package import ObjectStorage

/// Recovers damaged objects of a group from the others and the parity.
///
/// A block whose checksum does not fit counts as lost. Memory is a stretch of each column, and what was recovered: no
/// more than the parity.
package final class ParityDecoder {
    private static let stretch = 64 << 10

    private let object: ParityObject
    private let stream: ParityStream
    private let shape: ParityShape
    private let checksums: [UInt32]
    private let store: any ObjectStore
    private let onRead: (Int) throws -> Void
    /// Members of which nothing is believed.
    private var distrusted: Set<Int> = []
    private var wanted: Set<Int> = []
    /// Recovered blocks, by their number in the stream.
    private var recovered: [Int: [UInt8]] = [:]
    /// Blocks that cannot be recovered.
    private var lost: Set<Int> = []
    /// Stripes in which something was lost.
    package private(set) var damagedStripes = 0
    /// Of all stripes, the most blocks that one has lost, of both sorts.
    package private(set) var mostLost = 0

    /// Prepares the recovery by a parity object.
    package init(
        _ object: ParityObject,
        store: any ObjectStore,
        onRead: @escaping (Int) throws -> Void = { _ in }
    ) {
        self.object = object
        self.store = store
        self.onRead = onRead
        shape = object.head.shape
        stream = ParityStream(object.head, store: store)
        checksums = object.checksums()
    }

    /// Recovers members.
    ///
    /// - Parameters:
    ///   - members: their numbers in the head.
    ///   - accept: gets each that could be recovered with a closure that writes its bytes, which have its hash.
    /// - Returns: the numbers of those that could not be recovered.
    package func recover(_ members: Set<Int>, accept: (Int, (any ObjectWriter) throws -> Void) throws -> Void) throws
        -> Set<Int>
    {
        wanted = members
        try decode()
        var left = try members.filter { try !isRight($0) }
        // A checksum of 32 bits can fit by accident: then nothing of the object is believed.
        if !left.isEmpty {
            distrusted = left
            try decode()
            left = try left.filter { try !isRight($0) }
        }
        for number in members.subtracting(left).sorted() {
            try accept(number) { writer in try self.forEachPart(of: number) { try writer.append($0) } }
        }
        return left
    }

    private func decode() throws {
        recovered = [:]
        lost = []
        damagedStripes = 0
        let stripesAtOnce = max(1, Self.stretch / shape.blockLength)
        for first in stride(from: 0, to: shape.stripes, by: stripesAtOnce) {
            try decode(first..<min(shape.stripes, first + stripesAtOnce))
        }
    }

    private func decode(_ stripes: Range<Int>) throws {
        let unit = shape.blockLength
        let length = stripes.count * unit
        var code = ErasureCode(dataCount: shape.dataColumns, parityCount: shape.parityColumns)
        var sums = [UInt8](repeating: 0, count: shape.parityColumns * length)
        var erased = [[Int]](repeating: [], count: stripes.count)
        for column in 0..<shape.dataColumns {
            let start = column * shape.stripes
            var bytes = stream.read((start + stripes.lowerBound)..<(start + stripes.upperBound))
            try onRead(bytes.count)
            for stripe in stripes {
                let range = (stripe - stripes.lowerBound) * unit..<(stripe - stripes.lowerBound + 1) * unit
                guard !isWhole(start + stripe, bytes, range) else { continue }
                erased[stripe - stripes.lowerBound].append(column)
                bytes.replaceSubrange(range, with: repeatElement(0, count: unit))
            }
            unsafe code.add(bytes.span.bytes, ofColumn: column, to: &sums, stride: length, at: 0)
        }
        guard erased.contains(where: { !$0.isEmpty }) else { return }
        var rows = [[Int]](repeating: [], count: stripes.count)
        let parityStart = shape.dataBlocks
        for column in 0..<shape.parityColumns {
            let bytes = object.parity(column, stripes.lowerBound * unit..<stripes.upperBound * unit)
            for stripe in stripes {
                let range = (stripe - stripes.lowerBound) * unit..<(stripe - stripes.lowerBound + 1) * unit
                let sum = unsafe blockChecksum(bytes.span.bytes.extracting(range))
                guard sum == checksums[parityStart + column * shape.stripes + stripe] else { continue }
                rows[stripe - stripes.lowerBound].append(column)
                for index in range { sums[column * length + index] ^= bytes[index] }
            }
        }
        for stripe in stripes {
            let index = stripe - stripes.lowerBound
            guard !erased[index].isEmpty else { continue }
            solve(stripe, erased[index], rows[index]) { row in
                let start = row * length + index * unit
                return Array(sums[start..<(start + unit)])
            }
        }
    }

    private func solve(_ stripe: Int, _ columns: [Int], _ rows: [Int], sums: (Int) -> [UInt8]) {
        damagedStripes += 1
        mostLost = max(mostLost, columns.count + shape.parityColumns - rows.count)
        let blocks = columns.map { $0 * shape.stripes + stripe }
        guard columns.count <= rows.count else { return lost.formUnion(blocks) }
        guard blocks.contains(where: { stream.member(ofBlock: $0).map(wanted.contains) ?? false }) else { return }
        let chosen = Array(rows.prefix(columns.count))
        let solved = ErasureCode.solve(
            dataCount: shape.dataColumns,
            columns: columns,
            rows: chosen,
            sums: chosen.map(sums)
        )
        for (block, bytes) in zip(blocks, solved) {
            guard let member = stream.member(ofBlock: block), wanted.contains(member) else { continue }
            recovered[block] = bytes
        }
    }

    private func isWhole(_ block: Int, _ bytes: [UInt8], _ range: Range<Int>) -> Bool {
        guard let member = stream.member(ofBlock: block) else { return true }
        if distrusted.contains(member) { return false }
        return unsafe blockChecksum(bytes.span.bytes.extracting(range)) == checksums[block]
    }

    private func isRight(_ number: Int) throws -> Bool {
        let blocks = stream.starts[number]..<stream.starts[number + 1]
        guard !lost.contains(where: blocks.contains) else { return false }
        var hash = try SHA256()
        try forEachPart(of: number) { try hash.update($0) }
        return try hash.finalize() == object.head.members[number].hash
    }

    /// Lends the bytes of a member in order, as they are or were recovered.
    private func forEachPart(of number: Int, _ body: (RawSpan) throws -> Void) throws {
        let unit = shape.blockLength
        var left = object.head.members[number].byteCount
        let end = stream.starts[number + 1]
        for first in stride(from: stream.starts[number], to: end, by: 2048) {
            let blocks = first..<min(end, first + 2048)
            var bytes = stream.read(blocks)
            for block in blocks {
                guard let patch = recovered[block] else { continue }
                let start = (block - first) * unit
                bytes.replaceSubrange(start..<(start + unit), with: patch)
            }
            let count = Int(min(left, UInt64(bytes.count)))
            let whole = bytes
            try unsafe body(whole.span.bytes.extracting(0..<count))
            left -= UInt64(count)
        }
    }
}
