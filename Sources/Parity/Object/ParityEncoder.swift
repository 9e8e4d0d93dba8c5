import Cryptography
package import ObjectStorage

/// Computes the parity of a group of objects.
///
/// The objects are read once, in order; memory is the parity itself and the checksums.
package struct ParityEncoder: ~Copyable {
    /// Why a group cannot be encoded.
    package enum Failure: Error {
        /// The bytes of these objects are not those that the head says, or they cannot be read.
        case damaged([ObjectName])
    }

    private static let blocksAtOnce = 4096
    private let head: ParityHead
    private let store: any ObjectStore
    private let onRead: (Int) throws -> Void
    private var code: ErasureCode
    private var checksums: [UInt32]
    private var parity: [UInt8]

    private init(_ head: ParityHead, _ store: any ObjectStore, _ onRead: @escaping (Int) throws -> Void) {
        self.head = head
        self.store = store
        self.onRead = onRead
        let shape = head.shape
        code = ErasureCode(dataCount: shape.dataColumns, parityCount: shape.parityColumns)
        checksums = []
        checksums.reserveCapacity(shape.blocks)
        parity = [UInt8](repeating: 0, count: shape.parityLength)
    }

    /// The whole parity object of a group.
    ///
    /// - Parameter onRead: told of bytes that were read.
    /// - Throws: `Failure` if objects are not what the head says; what `onRead` throws.
    package static func encode(
        _ head: ParityHead,
        store: any ObjectStore,
        onRead: @escaping (Int) throws -> Void = { _ in }
    ) throws -> [UInt8] {
        var encoder = ParityEncoder(head, store, onRead)
        try encoder.readMembers()
        return try encoder.finish()
    }

    private mutating func readMembers() throws {
        let shape = head.shape
        let stream = ParityStream(head, store: store)
        let (store, onRead) = (store, onRead)
        var damaged: [ObjectName] = []
        for (number, member) in head.members.enumerated() {
            var hash = try SHA256()
            var block = stream.starts[number]
            let end = stream.starts[number + 1]
            var left = member.byteCount
            while block < end {
                // A stretch lies in one column.
                let columnEnd = (block / shape.stripes + 1) * shape.stripes
                let next = min(end, columnEnd, block + Self.blocksAtOnce)
                let bytes = stream.read(block..<next)
                let count = Int(min(left, UInt64(bytes.count)))
                try unsafe hash.update(bytes.span.bytes.extracting(0..<count))
                left -= UInt64(count)
                try onRead(count)
                try add(bytes, at: block)
                block = next
            }
            let found = try hash.finalize()
            let length = try? store.byteCount(of: member.name)
            if length != member.byteCount || found != member.hash { damaged.append(member.name) }
        }
        guard damaged.isEmpty else { throw Failure.damaged(damaged) }
        let zero = unsafe blockChecksum([UInt8](repeating: 0, count: shape.blockLength).span.bytes)
        while checksums.count < shape.dataBlocks { checksums.append(zero) }
    }

    private mutating func add(_ bytes: [UInt8], at block: Int) throws {
        let shape = head.shape
        for start in stride(from: 0, to: bytes.count, by: shape.blockLength) {
            checksums.append(unsafe blockChecksum(bytes.span.bytes.extracting(start..<(start + shape.blockLength))))
        }
        unsafe code.add(
            bytes.span.bytes,
            ofColumn: block / shape.stripes,
            to: &parity,
            stride: shape.columnLength,
            at: block % shape.stripes * shape.blockLength
        )
    }

    private mutating func finish() throws -> [UInt8] {
        let shape = head.shape
        for start in stride(from: 0, to: parity.count, by: shape.blockLength) {
            checksums.append(unsafe blockChecksum(parity.span.bytes.extracting(start..<(start + shape.blockLength))))
        }
        let block = try head.encoded()
        var object = block
        object.reserveCapacity(Int(ParityObject.length(headLength: block.count, shape)))
        for sum in checksums {
            for shift in stride(from: UInt32(0), to: 32, by: 8) {
                object.append(UInt8(truncatingIfNeeded: sum >> shift))
            }
        }
        object += parity
        parity = []
        object += block
        object += block
        return object
    }
}
