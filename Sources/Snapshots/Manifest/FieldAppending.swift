internal import Cryptography
internal import Records

/// Appends fields to a buffer that its owner reuses, so that encoding an entry allocates nothing.
///
/// Zero and empty values are left out. Tags are below 128.
extension [UInt8] {
    /// Adds an unsigned integer, unless it is zero.
    mutating func appendField(_ tag: UInt64, integer value: UInt64) {
        guard value != 0 else { return }
        append(UInt8(truncatingIfNeeded: tag))
        append(UInt8(truncatingIfNeeded: Varint.byteCount(of: value)))
        Varint.append(value, to: &self)
    }

    /// Adds a signed integer, unless it is zero.
    mutating func appendField(_ tag: UInt64, signed value: Int64) {
        // The zigzag form of format.md §1.1 keeps small magnitudes short.
        appendField(tag, integer: UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }

    /// Adds text, unless it is empty.
    mutating func appendField(_ tag: UInt64, text: String) {
        guard !text.isEmpty else { return }
        appendFieldHeader(tag, length: text.utf8.count)
        append(contentsOf: text.utf8)
    }

    /// Adds bytes, unless there are none.
    mutating func appendField(_ tag: UInt64, bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        appendFieldHeader(tag, length: bytes.count)
        append(contentsOf: bytes)
    }

    /// Adds a digest, if there is one.
    mutating func appendField(_ tag: UInt64, digest: Digest?) {
        guard let digest else { return }
        appendFieldHeader(tag, length: Digest.byteCount)
        appendDigest(digest)
    }

    /// Adds what stands before the value of a field.
    mutating func appendFieldHeader(_ tag: UInt64, length: Int) {
        Varint.append(tag, to: &self)
        Varint.append(UInt64(length), to: &self)
    }

    /// Adds the 32 bytes of a digest, as one block.
    mutating func appendDigest(_ digest: Digest) {
        let offset = count
        append(contentsOf: repeatElement(0, count: Digest.byteCount))
        digest.copy(into: &self, at: offset)
    }
}
