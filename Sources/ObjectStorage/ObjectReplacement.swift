package import Cryptography

extension ObjectStore {
    /// Bytes that are read at once when a whole object is hashed.
    private static var step: Int { 4 << 20 }

    /// The SHA-256 of an object's bytes, read in steps.
    ///
    /// - Parameter onRead: told of bytes that were read.
    package func digest(of name: ObjectName, onRead: (Int) throws -> Void = { _ in }) throws -> Digest {
        let length = try byteCount(of: name)
        var hash = try SHA256()
        var buffer = [UInt8](repeating: 0, count: Int(min(UInt64(Self.step), length)))
        var position: UInt64 = 0
        while position < length {
            let count = Int(min(UInt64(buffer.count), length - position))
            try read(name, offset: position, count: count, into: &buffer, at: 0)
            let bytes = buffer
            try unsafe hash.update(bytes.span.bytes.extracting(0..<count))
            position += UInt64(count)
            try onRead(count)
        }
        return try hash.finalize()
    }

    /// Throws unless the object of a name may be replaced: it is missing, cannot be read, or its bytes are damaged.
    ///
    /// - Returns: whether there is one.
    func requireDamaged(
        _ name: ObjectName,
        expected: Digest,
        isWhole: ((_ bytes: [UInt8]) throws -> Bool)?
    ) throws -> Bool {
        let stated = name.statedDigest
        guard stated == nil || stated == expected else {
            throw StorageError(.other, "its name says other bytes than those that should take its place", object: name)
        }
        guard stated != nil || isWhole != nil else {
            throw StorageError(.other, "nothing says which bytes are the right ones", object: name)
        }
        let isRight: Bool
        do {
            if stated != nil {
                isRight = try digest(of: name) == expected
            } else {
                isRight = try isWhole?(readAll(name, atMost: 64 << 20)) ?? true
            }
        } catch let error as StorageError {
            switch error.code {
            case .notFound: return false
            // A file that cannot be read to its end, or is longer than any of its kind, is damaged.
            case .truncated, .damaged, .tooLarge, .other: return true
            default: throw error
            }
        }
        guard !isRight else { throw StorageError(.alreadyExists, "it is whole, and stays as it is", object: name) }
        return true
    }

    /// The operation for stores that can only remove and create: between the two the object is missing, which is no worse
    /// than damaged.
    package func replaceDamaged(
        _ name: ObjectName,
        expected: Digest,
        isWhole: ((_ bytes: [UInt8]) throws -> Bool)?,
        write: (any ObjectWriter) throws -> Void
    ) throws {
        let isThere = try requireDamaged(name, expected: expected, isWhole: isWhole)
        let writer = try HashingWriter(makeWriter())
        do {
            try write(writer)
            guard try writer.digest() == expected else {
                throw StorageError(.other, "what was to take its place is not right either", object: name)
            }
        } catch {
            writer.abandon()
            throw error
        }
        if isThere { try remove(name) }
        try writer.commit(as: name)
    }
}

extension ObjectName {
    /// The SHA-256 that the last part of the name states: 64 digits, alone or after a hyphen.
    var statedDigest: Digest? {
        guard let last = components.last else { return nil }
        let digits = last.suffix(64)
        guard digits.utf8.count == 64 else { return nil }
        let rest = last.dropLast(64)
        return rest.isEmpty || rest.hasSuffix("-") ? Digest(hex: String(digits)) : nil
    }
}

/// Hashes what it passes on.
private final class HashingWriter: ObjectWriter {
    private let base: any ObjectWriter
    private var hash: SHA256

    init(_ base: any ObjectWriter) throws {
        self.base = base
        hash = try SHA256()
    }

    var byteCount: UInt64 { base.byteCount }

    func append(_ bytes: RawSpan) throws {
        try hash.update(bytes)
        try base.append(bytes)
    }

    func digest() throws -> Digest { try hash.finalize() }

    func commit(as name: ObjectName) throws { try base.commit(as: name) }

    func abandon() { base.abandon() }
}
