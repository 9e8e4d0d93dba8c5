import Cryptography
import Records

/// Fields as they stand, so that single ones can be replaced; what comes after a mistake is kept as it is.
struct FieldList {
    private var fields: [(tag: UInt64, value: [UInt8])] = []
    private var tail: [UInt8] = []

    init(_ bytes: ArraySlice<UInt8>) {
        var reader = ByteReader(bytes, what: "input")
        while !reader.isAtEnd {
            var ahead = reader
            guard let tag = try? ahead.varint(), let value = try? ahead.countedBytes() else {
                tail = (try? reader.bytes(reader.remaining)).map(Array.init) ?? []
                return
            }
            fields.append((tag, Array(value)))
            reader = ahead
        }
    }

    /// The value of the first field with a tag.
    func value(_ tag: UInt64) -> [UInt8]? { fields.first { $0.tag == tag }?.value }

    /// Replaces the first field with a tag, or puts it where it belongs; no bytes remove it.
    mutating func set(_ tag: UInt64, value: [UInt8]) {
        if let index = fields.firstIndex(where: { $0.tag == tag }) {
            if value.isEmpty { fields.remove(at: index) } else { fields[index].value = value }
        } else if !value.isEmpty {
            fields.insert((tag, value), at: fields.firstIndex { $0.tag > tag } ?? fields.count)
        }
    }

    /// The same with a number, of which zero is left out.
    mutating func set(_ tag: UInt64, integer: UInt64) {
        var value: [UInt8] = []
        if integer > 0 { Varint.append(integer, to: &value) }
        set(tag, value: value)
    }

    /// The number of fields.
    var count: Int { fields.count }

    /// The value of the field at a place.
    func value(at index: Int) -> [UInt8] { fields[index].value }

    /// Replaces the value of the field at a place.
    mutating func change(at index: Int, value: [UInt8]) { fields[index].value = value }

    /// Replaces the tag of the field at a place, wherever that puts it.
    mutating func change(at index: Int, tag: UInt64) { fields[index].tag = tag }

    /// Puts the field at a place behind itself once more.
    mutating func duplicate(at index: Int) { fields.insert(fields[index], at: index) }

    /// Removes the field at a place.
    mutating func remove(at index: Int) { fields.remove(at: index) }

    /// A reader that names what it reads.
    static func reader(_ bytes: ArraySlice<UInt8>) -> ByteReader { ByteReader(bytes, what: "input") }

    /// Adds a number.
    static func append(_ value: UInt64, to bytes: inout [UInt8]) { Varint.append(value, to: &bytes) }

    /// Bytes with their number before them.
    static func counted(_ value: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        Varint.append(UInt64(value.count), to: &bytes)
        return bytes + value
    }

    /// Parts with their lengths before them; what is left at the end is a part of its own.
    static func parts(_ bytes: ArraySlice<UInt8>) -> [[UInt8]] {
        var reader = reader(bytes)
        var parts: [[UInt8]] = []
        while !reader.isAtEnd {
            var ahead = reader
            guard let part = try? ahead.countedBytes() else { break }
            parts.append(Array(part))
            reader = ahead
        }
        if let rest = try? reader.bytes(reader.remaining), !rest.isEmpty { parts.append(Array(rest)) }
        return parts
    }

    func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        for field in fields {
            Varint.append(field.tag, to: &bytes)
            Varint.append(UInt64(field.value.count), to: &bytes)
            bytes += field.value
        }
        return bytes + tail
    }
}
