package import Cryptography
package import ObjectStorage
package import Records

/// One object that a group protects.
package struct ParityMember: Hashable, Sendable {
    /// Its name.
    package var name: ObjectName
    /// Its length, bytes.
    package var byteCount: UInt64
    /// The SHA-256 of its bytes.
    package var hash: Digest

    /// Puts the parts together.
    package init(name: ObjectName, byteCount: UInt64, hash: Digest) {
        self.name = name
        self.byteCount = byteCount
        self.hash = hash
    }
}

/// What a parity object says of itself: which objects it protects, and how (format.md §14.2).
///
/// Three copies of it stand in the object, each in a block of a power of two of bytes: at the start, and two at the end.
package struct ParityHead: Hashable, Sendable {
    /// Objects of a group, at most.
    package static let mostMembers = 1024
    /// Bytes of data of a group, at most.
    package static let mostDataBytes: UInt64 = 16 << 30
    private static let lengths = (12...18).map { 1 << $0 }

    /// The repository.
    package var repository: RepositoryID
    /// The layout.
    package var shape: ParityShape
    /// How many per cent were asked for, 1 to 100.
    package var percent: Int
    /// The objects, ascending by name, one after another; each begins a block.
    package var members: [ParityMember]

    /// Puts the parts together.
    package init(repository: RepositoryID, shape: ParityShape, percent: Int, members: [ParityMember]) {
        self.repository = repository
        self.shape = shape
        self.percent = percent
        self.members = members
    }

    /// The blocks that an object takes.
    package func blocks(of member: ParityMember) -> Int {
        ParityShape.divided(Int(member.byteCount), shape.blockLength)
    }

    /// The head in its block: magic ‖ u32 length ‖ fields ‖ zeros ‖ SHA-256 of all before.
    ///
    /// - Throws: `RecordError.tooLarge` if the longest block does not hold it.
    package func encoded() throws(RecordError) -> [UInt8] {
        var writer = FieldWriter()
        writer.digest(1, repository)
        writer.integer(3, UInt64(shape.blockLength))
        writer.integer(5, UInt64(shape.dataColumns))
        writer.integer(7, UInt64(shape.parityColumns))
        writer.integer(9, UInt64(shape.stripes))
        writer.integer(10, UInt64(percent))
        for member in members {
            writer.record(11) { record in
                record.bytes(1, Array(member.name.path.utf8))
                record.integer(3, member.byteCount)
                record.digest(5, member.hash)
            }
        }
        var block = RecordKind.parity.magic
        let count = UInt32(writer.bytes.count)
        for shift in stride(from: UInt32(0), to: 32, by: 8) { block.append(UInt8(truncatingIfNeeded: count >> shift)) }
        block += writer.bytes
        guard let length = Self.lengths.first(where: { $0 >= block.count + Digest.byteCount }) else {
            throw RecordError(.tooLarge, "the head of a parity object does not fit: it names too many objects")
        }
        block += [UInt8](repeating: 0, count: length - Digest.byteCount - block.count)
        do { try unsafe SHA256.hash(block.span.bytes).append(to: &block) } catch {
            throw RecordError(.malformed, "the head of a parity object cannot be hashed: \(error)")
        }
        return block
    }

    /// Reads a head from its block.
    ///
    /// - Throws: `RecordError` for bytes that are not whole, or beyond the bounds.
    package init(block: [UInt8]) throws(RecordError) {
        guard Self.lengths.contains(block.count) else {
            throw RecordError(.malformed, "the head of a parity object has a length that is none")
        }
        try RecordKind.parity.checkMagic(of: block[...])
        let end = block.count - Digest.byteCount
        let expected = Digest(Array(block[end...]))
        let found = unsafe try? SHA256.hash(block.span.bytes.extracting(0..<end))
        guard let found, found == expected else {
            throw RecordError(.malformed, "the head of a parity object is damaged")
        }
        let count = (0..<4).reduce(0) { $0 | Int(block[8 + $1]) << (8 * $1) }
        guard count <= end - 12, block[(12 + count)..<end].allSatisfy({ $0 == 0 }) else {
            throw RecordError(.malformed, "the head of a parity object claims \(count) bytes of fields")
        }
        try self.init(fields: block[12..<(12 + count)])
    }

    private init(fields: ArraySlice<UInt8>) throws(RecordError) {
        let what = "head of a parity object"
        var reader = FieldReader(fields, what: what, repeated: [11])
        var repository: RepositoryID?
        var numbers: [UInt64: Int] = [:]
        var members: [ParityMember] = []
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 1: repository = try field.digest()
            case 3, 5, 7, 9, 10: numbers[field.tag] = Int(clamping: try field.integer())
            case 11:
                guard members.count < Self.mostMembers else {
                    throw RecordError(.tooLarge, "the \(what) names more than \(Self.mostMembers) objects")
                }
                members.append(try ParityHead.member(field))
            default: try field.requireKnown(what, keep: &unknown)
            }
        }
        guard let repository else { throw RecordError(.malformed, "the \(what) names no repository") }
        let shape = ParityShape(
            blockLength: numbers[3] ?? 0,
            dataColumns: numbers[5] ?? 0,
            parityColumns: numbers[7] ?? 0,
            stripes: numbers[9] ?? 0
        )
        let counts = [shape.blockLength, shape.dataColumns, shape.parityColumns, shape.stripes]
        guard counts.allSatisfy({ $0 <= ParityShape.mostBlocks }), shape.isValid else {
            throw RecordError(.malformed, "the \(what) has a layout beyond the bounds")
        }
        self.init(repository: repository, shape: shape, percent: min(100, max(1, numbers[10] ?? 1)), members: members)
        guard !members.isEmpty, zip(members, members.dropFirst()).allSatisfy({ $0.name < $1.name }),
            members.reduce(0, { $0 + $1.byteCount }) <= Self.mostDataBytes,
            members.reduce(0, { $0 + blocks(of: $1) }) <= shape.dataBlocks
        else { throw RecordError(.malformed, "the \(what) names objects that its layout does not hold") }
    }

    private static func member(_ field: Field) throws(RecordError) -> ParityMember {
        var reader = try field.reader(what: "object of a parity group")
        var name: ObjectName?
        var byteCount: UInt64 = 0
        var hash: Digest?
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 1: name = ObjectName(validating: String(decoding: try field.bytes(), as: UTF8.self))
            case 3: byteCount = try field.integer()
            case 5: hash = try field.digest()
            default: try field.requireKnown("object of a parity group", keep: &unknown)
            }
        }
        guard let name, let hash, byteCount > 0, byteCount <= mostDataBytes, ParityHead.protects(name) else {
            throw RecordError(.malformed, "a parity object protects something that cannot be protected")
        }
        return ParityMember(name: name, byteCount: byteCount, hash: hash)
    }

    /// Whether an object of this name may belong to a group: those of the format but parity itself, and but leases,
    /// which matter only while a run lives.
    package static func protects(_ name: ObjectName) -> Bool {
        switch ObjectNames.parse(name.path)?.kind {
        case nil, .parity, .lease: false
        default: true
        }
    }
}
