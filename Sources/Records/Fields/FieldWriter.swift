package import Cryptography

/// Writes a record field by field, in ascending order of tags.
///
/// Values that are zero or empty are left out, except where a method says otherwise.
package struct FieldWriter: Sendable {
    /// What has been written.
    package private(set) var bytes: [UInt8] = []
    private var lastTag: UInt64 = 0

    /// Starts an empty record.
    package init() {}

    /// Writes an unsigned integer, unless it is zero.
    package mutating func integer(_ tag: UInt64, _ value: UInt64) {
        guard value != 0 else { return }
        begin(tag, byteCount: Varint.byteCount(of: value), recurs: false)
        Varint.append(value, to: &bytes)
    }

    /// Writes a signed integer, unless it is zero.
    package mutating func signed(_ tag: UInt64, _ value: Int64) {
        integer(tag, Varint.zigzag(value))
    }

    /// Writes bytes, unless there are none.
    package mutating func bytes(_ tag: UInt64, _ value: [UInt8]) {
        bytes(tag, value[...])
    }

    /// Writes a part of an array, unless it is empty.
    package mutating func bytes(_ tag: UInt64, _ value: ArraySlice<UInt8>) {
        guard !value.isEmpty else { return }
        begin(tag, byteCount: value.count, recurs: false)
        bytes += value
    }

    /// Writes text, unless it is empty.
    package mutating func text(_ tag: UInt64, _ value: String) {
        guard !value.isEmpty else { return }
        begin(tag, byteCount: value.utf8.count, recurs: false)
        bytes += value.utf8
    }

    /// Writes 32 bytes, unless there are none.
    package mutating func digest(_ tag: UInt64, _ value: Digest?) {
        guard let value else { return }
        begin(tag, byteCount: Digest.byteCount, recurs: false)
        value.append(to: &bytes)
    }

    /// Writes an identifier.
    package mutating func identifier<Kind>(_ tag: UInt64, _ value: Identifier<Kind>) {
        begin(tag, byteCount: Identifier<Kind>.byteCount, recurs: false)
        value.append(to: &bytes)
    }

    /// Writes an incarnation.
    package mutating func incarnation(_ tag: UInt64, _ value: Incarnation) {
        begin(tag, byteCount: Incarnation.byteCount, recurs: false)
        value.append(to: &bytes)
    }

    /// Writes nested fields, even if there are none; the tag may be that of the field before.
    package mutating func record(_ tag: UInt64, _ body: (inout FieldWriter) -> Void) {
        var nested = FieldWriter()
        body(&nested)
        raw(tag, nested.bytes)
    }

    /// Writes a field for each byte string, even if it is empty.
    package mutating func repeatedBytes(_ tag: UInt64, _ values: [[UInt8]]) {
        for value in values { raw(tag, value) }
    }

    /// Writes a field for each text, even if it is empty.
    package mutating func repeatedText(_ tag: UInt64, _ values: [String]) {
        for value in values {
            begin(tag, byteCount: value.utf8.count, recurs: true)
            bytes += value.utf8
        }
    }

    /// Writes a field for each integer, even if it is zero.
    package mutating func repeatedInteger(_ tag: UInt64, _ values: [UInt64]) {
        for value in values {
            begin(tag, byteCount: Varint.byteCount(of: value), recurs: true)
            Varint.append(value, to: &bytes)
        }
    }

    /// Writes a field for each 32 bytes.
    package mutating func repeatedDigest(_ tag: UInt64, _ values: some Sequence<Digest>) {
        for value in values {
            begin(tag, byteCount: Digest.byteCount, recurs: true)
            value.append(to: &bytes)
        }
    }

    /// Writes a field for each identifier.
    package mutating func repeatedIdentifier<Kind>(_ tag: UInt64, _ values: [Identifier<Kind>]) {
        for value in values {
            begin(tag, byteCount: Identifier<Kind>.byteCount, recurs: true)
            value.append(to: &bytes)
        }
    }

    /// Writes a value as it is, even if it is empty; the tag may be that of the field before.
    package mutating func raw(_ tag: UInt64, _ value: [UInt8]) {
        begin(tag, byteCount: value.count, recurs: true)
        bytes += value
    }

    /// Puts fields that a reader kept back where their tags belong; comes last.
    package mutating func unknown(_ fields: UnknownFields) {
        guard !fields.isEmpty else { return }
        let own = Self.split(bytes)
        let kept = Self.split(fields.encoded)
        var merged: [UInt8] = []
        merged.reserveCapacity(bytes.count + fields.encoded.count)
        var next = 0
        for field in own {
            while next < kept.count, kept[next].tag < field.tag {
                merged += fields.encoded[kept[next].range]
                next += 1
            }
            merged += bytes[field.range]
        }
        for field in kept[next...] { merged += fields.encoded[field.range] }
        lastTag = max(lastTag, kept.last?.tag ?? 0)
        bytes = merged
    }

    private mutating func begin(_ tag: UInt64, byteCount: Int, recurs: Bool) {
        assert(tag > lastTag || recurs && tag == lastTag && tag > 0, "field \(tag) is written after field \(lastTag)")
        lastTag = tag
        Varint.append(tag, to: &bytes)
        Varint.append(UInt64(byteCount), to: &bytes)
    }

    /// Where each field of an encoding lies; the encoding is one that this type or a reader made.
    private static func split(_ encoded: [UInt8]) -> [(tag: UInt64, range: Range<Int>)] {
        var fields: [(tag: UInt64, range: Range<Int>)] = []
        var reader = ByteReader(encoded, what: "record")
        var start = 0
        while let tag = try? reader.varint(), (try? reader.countedBytes()) != nil {
            let end = encoded.count - reader.remaining
            fields.append((tag, start..<end))
            start = end
        }
        return fields
    }
}
