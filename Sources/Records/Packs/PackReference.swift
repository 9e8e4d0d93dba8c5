internal import Cryptography

/// A pack or index fragment, with its length: 40 bytes in lists.
package struct PackReference: Hashable, Sendable {
    /// The SHA-256 of the object's bytes, its name.
    package var name: ObjectHash
    /// The object's length in bytes.
    package var byteCount: UInt64

    /// Puts the parts together.
    package init(name: ObjectHash, byteCount: UInt64) {
        self.name = name
        self.byteCount = byteCount
    }

    fileprivate static let encodedByteCount = Digest.byteCount + 8
}

extension Field {
    /// The value as references, ascending by name without duplicates.
    func packReferences() throws(RecordError) -> [PackReference] {
        let value = try present()
        guard value.count.isMultiple(of: PackReference.encodedByteCount) else {
            throw malformed("has \(value.count) bytes, no multiple of \(PackReference.encodedByteCount)")
        }
        var reader = ByteReader(value, what: "list of packs")
        var references: [PackReference] = []
        references.reserveCapacity(value.count / PackReference.encodedByteCount)
        while !reader.isAtEnd {
            let reference = PackReference(name: try reader.digest(), byteCount: try reader.u64())
            if let last = references.last, last.name >= reference.name {
                throw malformed("is not in ascending order at \(reference.name.hex)")
            }
            references.append(reference)
        }
        return references
    }

    /// The value as names of 32 bytes, ascending without duplicates.
    func ascendingDigests() throws(RecordError) -> [Digest] {
        let value = try present()
        guard value.count.isMultiple(of: Digest.byteCount) else {
            throw malformed("has \(value.count) bytes, no multiple of \(Digest.byteCount)")
        }
        var reader = ByteReader(value, what: "list of names")
        var names: [Digest] = []
        names.reserveCapacity(value.count / Digest.byteCount)
        while !reader.isAtEnd {
            let name = try reader.digest()
            if let last = names.last, last >= name { throw malformed("is not in ascending order at \(name.hex)") }
            names.append(name)
        }
        return names
    }
}

extension FieldWriter {
    /// Writes references joined, unless there are none; they are in ascending order.
    mutating func packReferences(_ tag: UInt64, _ references: [PackReference]) {
        var joined: [UInt8] = []
        joined.reserveCapacity(references.count * PackReference.encodedByteCount)
        for reference in references {
            reference.name.append(to: &joined)
            appendLittleEndian(reference.byteCount, to: &joined)
        }
        bytes(tag, joined)
    }

    /// Writes names joined, unless there are none; they are in ascending order.
    mutating func ascendingDigests(_ tag: UInt64, _ names: [Digest]) {
        var joined: [UInt8] = []
        joined.reserveCapacity(names.count * Digest.byteCount)
        for name in names { name.append(to: &joined) }
        bytes(tag, joined)
    }
}
