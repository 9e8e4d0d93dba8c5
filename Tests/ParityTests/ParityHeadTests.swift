import Cryptography
import ObjectStorage
import Records
import TestSupport
import Testing

@testable import Parity

@Suite struct ParityHeadTests {
    private func head(_ random: inout SeededGenerator, count: Int) throws -> ParityHead {
        var members: [ParityMember] = []
        for _ in 0..<count {
            let hash = try #require(Digest(random.bytes(32)))
            members.append(
                ParityMember(
                    name: try ObjectName(ObjectNames.pack(hash)),
                    byteCount: UInt64.random(in: 1...100_000, using: &random),
                    hash: hash
                )
            )
        }
        members.sort { $0.name < $1.name }
        let counts = members.map { Int($0.byteCount + 511) / 512 }
        let shape = try #require(ParityShape.choose(blockCounts: counts, blockLength: 512, percent: 5))
        let id = try #require(RepositoryID(random.bytes(32)))
        return ParityHead(repository: id, shape: shape, percent: 5, members: members)
    }

    @Test func aHeadIsReadBack() throws {
        var random = SeededGenerator(seed: 0x4e_01)
        for count in [1, 2, 40, 1024] {
            let head = try head(&random, count: count)
            #expect(try ParityHead(block: head.encoded()) == head)
        }
    }

    @Test func anyDamageIsNoticed() throws {
        var random = SeededGenerator(seed: 0x4e_02)
        let block = try head(&random, count: 3).encoded()
        for _ in 0..<400 {
            var damaged = block
            damaged[Int.random(in: 0..<block.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            #expect(throws: RecordError.self) { try ParityHead(block: damaged) }
        }
        for count in [0, 1, block.count / 2, block.count - 1] {
            #expect(throws: RecordError.self) { try ParityHead(block: Array(block.prefix(count))) }
        }
    }

    /// A forger's heads, whose checksum is right: none is believed beyond the bounds, and none ends the program.
    @Test func forgedHeadsStayWithinBounds() throws {
        var random = SeededGenerator(seed: 0x4e_03)
        func block(_ change: (inout FieldWriter) -> Void) throws -> [UInt8] {
            var writer = FieldWriter()
            change(&writer)
            var block = RecordKind.parity.magic
            let count = UInt32(writer.bytes.count)
            for shift in stride(from: UInt32(0), to: 32, by: 8) {
                block.append(UInt8(truncatingIfNeeded: count >> shift))
            }
            block += writer.bytes
            block += [UInt8](repeating: 0, count: 4096 - 32 - block.count)
            try unsafe SHA256.hash(block.span.bytes).append(to: &block)
            return block
        }
        let id = Digest.zero
        let odd: [UInt64] = [0, 1, 63, 64, 65, 128, 254, 255, 256, 1 << 24, 1 << 32, 1 << 62, .max]
        for _ in 0..<2000 {
            let values = (0..<6).map { _ in odd[Int.random(in: 0..<odd.count, using: &random)] }
            let made = try block { writer in
                writer.digest(1, id)
                for (tag, value) in zip([3, 5, 7, 9, 10] as [UInt64], values) { writer.integer(tag, value) }
                writer.record(11) { record in
                    record.bytes(1, Array(ObjectNames.pack(id).utf8))
                    record.integer(3, values[5])
                    record.digest(5, id)
                }
            }
            guard let head = try? ParityHead(block: made) else { continue }
            #expect(head.shape.isValid && head.shape.blocks <= 1 << 24)
            #expect(head.members[0].byteCount <= UInt64(head.shape.dataBlocks * head.shape.blockLength))
        }
        for name in ["parity/" + id.hex, "leases/x", "tmp/x", "../x", "packs/00/" + id.hex + "x", ""] {
            let made = try block { writer in
                writer.digest(1, id)
                for (tag, value) in [(3, 64), (5, 1), (7, 1), (9, 1)] as [(UInt64, UInt64)] {
                    writer.integer(tag, value)
                }
                writer.record(11) { record in
                    record.bytes(1, Array(name.utf8))
                    record.integer(3, 5)
                    record.digest(5, Digest(Array(repeating: 1, count: 32)))
                }
            }
            #expect(throws: RecordError.self) { try ParityHead(block: made) }
        }
    }

    @Test func aHeadIsFoundThoughEveryCopyIsDamaged() throws {
        let fixture = try ParityFixture(seed: 0x4e_04)
        try fixture.add(packs: 3)
        _ = try fixture.create()
        var random = SeededGenerator(seed: 4)
        for name in try fixture.names("parity/") {
            let whole = try fixture.store.readAll(name, atMost: 1 << 30)
            let head = try ParityObject(name, in: fixture.store).head
            let length = try head.encoded().count
            var bytes = whole
            for start in [0, bytes.count - 2 * length, bytes.count - length] {
                for _ in 0..<3 { bytes[start + Int.random(in: 0..<length, using: &random)] ^= 4 }
            }
            try fixture.overwrite(name, bytes)
            #expect(try ParityObject(name, in: fixture.store).head == head)
            let report = try fixture.repair()
            #expect(report.damagedParity == [name] && report.repairedParity == [name])
            #expect(try fixture.store.readAll(name, atMost: 1 << 30) == whole)
        }
    }
}
