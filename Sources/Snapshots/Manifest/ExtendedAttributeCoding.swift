internal import Records

/// The form in which extended attributes too long for an entry are stored in data chunks.
///
/// For each attribute, ascending by name: `varint name length ‖ name ‖ varint value length ‖ value`.
package enum ExtendedAttributeCoding {
    /// The longest stored form that is believed, bytes: it is read into memory as a whole.
    package static let longestContent: UInt64 = 64 << 20
    /// Above so many bytes of the stored form a writer keeps the attributes out of the entry.
    package static let longestInline = 16 << 10
    /// The longest name, bytes, as on Linux.
    package static let longestName = 255

    /// The length of the stored form, without making it.
    package static func encodedLength(_ attributes: [ExtendedAttribute]) -> Int {
        attributes.reduce(0) { sum, attribute in
            sum + Varint.byteCount(of: UInt64(attribute.name.count)) + attribute.name.count
                + Varint.byteCount(of: UInt64(attribute.value.count)) + attribute.value.count
        }
    }

    /// The stored form of attributes that are ascending by name.
    package static func encode(_ attributes: [ExtendedAttribute]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(encodedLength(attributes))
        for attribute in attributes {
            Varint.append(UInt64(attribute.name.count), to: &bytes)
            bytes.append(contentsOf: attribute.name)
            Varint.append(UInt64(attribute.value.count), to: &bytes)
            bytes.append(contentsOf: attribute.value)
        }
        return bytes
    }

    /// The attributes of the stored form; throws if they are not well formed, or not ascending by name.
    package static func decode(_ bytes: [UInt8]) throws -> [ExtendedAttribute] {
        var reader = ByteReader(bytes, what: "extended attributes")
        var attributes: [ExtendedAttribute] = []
        while !reader.isAtEnd {
            let attribute = ExtendedAttribute(
                name: Array(try reader.countedBytes()),
                value: Array(try reader.countedBytes())
            )
            if let problem = problem(attribute.name, after: attributes.last?.name) {
                throw ManifestError(.malformed, "the stored list of extended attributes \(problem)")
            }
            attributes.append(attribute)
        }
        return attributes
    }

    /// One attribute from its field.
    static func decodeField(_ value: ArraySlice<UInt8>) throws -> ExtendedAttribute {
        var reader = ByteReader(value, what: "attribute")
        let name = Array(try reader.countedBytes())
        return ExtendedAttribute(name: name, value: Array(try reader.bytes(reader.remaining)))
    }

    /// Throws `.invalidEntry` unless names are valid and ascending.
    static func validate(_ attributes: [ExtendedAttribute], of entry: Entry) throws {
        var last: [UInt8]?
        for attribute in attributes {
            if let problem = problem(attribute.name, after: last) { throw entry.invalid(problem) }
            last = attribute.name
        }
    }

    private static func problem(_ name: [UInt8], after last: [UInt8]?) -> String? {
        guard (1...longestName).contains(name.count), !name.contains(0) else {
            return "has an attribute name of \(name.count) bytes instead of 1 to \(longestName) without NUL"
        }
        guard let last, !last.lexicographicallyPrecedes(name) else { return nil }
        return "has attribute \(printable(name)) after \(printable(last))"
    }
}
