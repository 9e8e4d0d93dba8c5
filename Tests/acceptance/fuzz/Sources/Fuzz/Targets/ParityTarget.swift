import Cryptography
import ObjectStorage
import Records
import TestSupport

@testable import Parity

/// Parity objects: heads of arbitrary fields with the right hash, and objects with arbitrary content behind a head.
final class ParityTarget: FuzzTarget {
    static let name = "parity"
    static let parsers = [
        "Parity/Object/ParityHead.swift", "Parity/Object/ParityObject.swift",
        "Parity/Object/ParityStream.swift", "Parity/Object/ParityDecoder.swift",
    ]

    private let content = Array("an object of a group, which is damaged, and that the parity may recover".utf8)
    private let hash: Digest
    private let member: ObjectName

    init() throws {
        let bytes = content
        hash = try unsafe SHA256.hash(bytes.span.bytes)
        member = try ObjectName(ObjectNames.pack(hash))
    }

    func run(_ input: [UInt8]) throws {
        guard let mode = input.first else { return }
        let rest = Array(input.dropFirst())
        switch mode & 3 {
        case 0: try readHead(rest)
        case 1: try attempt { try self.readObject(rest) }
        default: try attempt { try self.recover(rest, isWhole: mode & 1 == 0) }
        }
    }

    /// Fields in a head block whose hash is right.
    private func readHead(_ fields: [UInt8]) throws {
        guard fields.count < 3000 else { return }
        var block = RecordKind.parity.magic
        for shift in stride(from: 0, to: 32, by: 8) { block.append(UInt8(truncatingIfNeeded: fields.count >> shift)) }
        block += fields
        block += [UInt8](repeating: 0, count: 4096 - 32 - block.count)
        try unsafe SHA256.hash(block.span.bytes).append(to: &block)
        guard let head = try? ParityHead(block: block) else { return }
        try require(head.shape.isValid, "a layout is beyond the bounds: \(head.shape)")
        let blocks = head.members.reduce(0) { $0 + head.blocks(of: $1) }
        try require(blocks <= head.shape.dataBlocks, "a layout does not hold its objects")
        try require(try ParityHead(block: head.encoded()) == head, "a head is another when written")
    }

    /// Arbitrary bytes as an object.
    private func readObject(_ bytes: [UInt8]) throws {
        let store = MemoryObjectStore()
        let name = try ObjectName(ObjectNames.parity(hash))
        try store.put(name, bytes)
        _ = try ParityObject(name, in: store)
    }

    /// A right head, and whatever the input says behind it and in the place of the member.
    private func recover(_ input: [UInt8], isWhole: Bool) throws {
        let store = MemoryObjectStore()
        let shape = ParityShape(blockLength: 64, dataColumns: 2, parityColumns: 2, stripes: 1)
        let head = ParityHead(
            repository: .zero,
            shape: shape,
            percent: 100,
            members: [ParityMember(name: member, byteCount: UInt64(content.count), hash: hash)]
        )
        try store.put(member, content)
        var object = try ParityEncoder.encode(head, store: store)
        let start = try head.encoded().count
        for (index, byte) in input.prefix(16 + 128).enumerated() { object[start + index] ^= byte }
        if isWhole, let byte = input.last { object[Int(byte) * 8 % start] ^= 1 }
        try store.remove(member)
        let left = Array(input.dropFirst(144))
        if !left.isEmpty { try store.put(member, left) }
        let name = try ObjectName(ObjectNames.parity(hash))
        try store.put(name, object)
        let decoder = ParityDecoder(try ParityObject(name, in: store), store: store)
        let lost = try decoder.recover([0]) { _, write in
            let writer = Collector()
            try write(writer)
            try require(writer.bytes == self.content, "other bytes were recovered")
        }
        try require(!lost.isEmpty || decoder.mostLost <= shape.parityColumns, "more was recovered than can be")
    }

    func seeds() throws -> [[UInt8]] {
        let shape = ParityShape(blockLength: 64, dataColumns: 2, parityColumns: 2, stripes: 1)
        let head = ParityHead(
            repository: .zero,
            shape: shape,
            percent: 5,
            members: [ParityMember(name: member, byteCount: UInt64(content.count), hash: hash)]
        )
        let block = try head.encoded()
        let count = Int(block[8]) | Int(block[9]) << 8
        let store = MemoryObjectStore()
        try store.put(member, content)
        let object = try ParityEncoder.encode(head, store: store)
        let fields: [UInt8] = [0] + Array(block[12..<(12 + count)])
        let whole: [UInt8] = [1] + object
        let damaged: [UInt8] = [2] + [UInt8](repeating: 0, count: 144) + Array(content.dropLast())
        let flipped: [UInt8] = [3] + [UInt8](repeating: 0, count: 100) + [7]
        return [fields, whole, [2], damaged, [3, 1], flipped]
    }
}

/// Keeps what is written to it.
private final class Collector: ObjectWriter {
    private(set) var bytes: [UInt8] = []

    var byteCount: UInt64 { UInt64(bytes.count) }

    func append(_ bytes: RawSpan) throws {
        unsafe bytes.withUnsafeBytes { unsafe self.bytes.append(contentsOf: $0) }
    }

    func commit(as name: ObjectName) throws {}

    func abandon() {}
}
