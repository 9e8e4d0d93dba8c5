import Cryptography
import Records

/// Writes fields (format.md §1.2) straight into locked memory, so that no copy of a secret is left on the heap.
@safe
struct SecretFieldWriter: ~Copyable {
    private let target: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    /// Writes into `target`, which outlives the writer.
    init(into target: UnsafeMutableRawBufferPointer) {
        unsafe self.target = unsafe target
    }

    private mutating func append(_ byte: UInt8) throws {
        guard unsafe count < target.count else {
            throw RepositoryError(.invalidRequest, "a keyring holds too many keys for one slot")
        }
        unsafe target[count] = byte
        count += 1
    }

    private mutating func appendVarint(_ value: UInt64) throws {
        var rest = value
        while rest >= 0x80 {
            try append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        try append(UInt8(rest))
    }

    /// Writes one field.
    mutating func field(_ tag: UInt64, _ value: RawSpan) throws {
        try appendVarint(tag)
        try appendVarint(UInt64(value.byteCount))
        for index in 0..<value.byteCount {
            try append(unsafe value.unsafeLoad(fromByteOffset: index, as: UInt8.self))
        }
    }

    /// Writes one field that is not secret.
    mutating func field(_ tag: UInt64, _ value: [UInt8]) throws {
        try unsafe field(tag, value.span.bytes)
    }

    /// Writes a secret.
    mutating func field(_ tag: UInt64, _ value: borrowing Secret) throws {
        try appendVarint(tag)
        try appendVarint(UInt64(value.count))
        try value.withBytes { bytes throws in
            for index in 0..<bytes.byteCount {
                try append(unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self))
            }
        }
    }

    /// Writes an integer below 128.
    mutating func field(_ tag: UInt64, small value: UInt8) throws {
        try field(tag, [value])
    }
}

/// One field of a keyring: its tag and where its value lies.
struct SecretField {
    let tag: UInt64
    let range: Range<Int>
}

/// Finds the fields in opened secret bytes without copying their values.
///
/// - Throws: `RepositoryError.integrity` for bytes that are not fields in ascending order.
func secretFields(in bytes: RawSpan, range: Range<Int>, repeated: Set<UInt64> = []) throws -> [SecretField] {
    var position = range.lowerBound
    func malformed() -> RepositoryError { RepositoryError(.integrity, "a keyring is malformed") }
    func varint() throws -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            guard position < range.upperBound, shift < 63 else { throw malformed() }
            let byte = unsafe bytes.unsafeLoad(fromByteOffset: position, as: UInt8.self)
            position += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 {
                // The fewest bytes that hold the value, as everywhere in the format.
                guard byte != 0 || shift == 0 else { throw malformed() }
                return value
            }
            shift += 7
        }
    }
    var fields: [SecretField] = []
    while position < range.upperBound {
        let tag = try varint()
        let length = try varint()
        guard length <= UInt64(range.upperBound - position), tag > 0,
            fields.last.map({ $0.tag < tag || ($0.tag == tag && repeated.contains(tag)) }) ?? true
        else {
            throw malformed()
        }
        let end = position + Int(length)
        fields.append(SecretField(tag: tag, range: position..<end))
        position = end
    }
    return fields
}
