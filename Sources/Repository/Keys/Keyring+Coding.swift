import Cryptography
import Records

extension Keyring {
    /// The keyring as fields, in locked memory; short enough for a slot that a passphrase opens.
    func encoded() throws -> Secret {
        let seed = SecretHolder(try signingKey.seed())
        return try grant.encoded(seed: seed, capacity: KeySlotHeader.maximumByteCount / 2)
    }

    /// Reads a keyring that a slot gave up.
    ///
    /// - Throws: `RepositoryError.integrity` for malformed bytes, `.unsupported` for a field it must know and does not.
    convenience init(decoding secret: borrowing Secret) throws {
        let parts = try secret.withBytes { bytes throws in try KeyringParts(bytes) }
        guard let seed = parts.seed else {
            throw RepositoryError(.integrity, "a keyring lacks one of its required fields")
        }
        try self.init(grant: try parts.grant(), signingKey: try SigningKey(seed: seed.secret))
    }
}

extension KeyGrant {
    /// The grant as fields, in locked memory.
    ///
    /// - Parameters:
    ///   - seed: the member's own; absent where the slot is sealed to the member, who has it.
    ///   - capacity: the most bytes it may take.
    func encoded(seed: SecretHolder?, capacity: Int) throws -> Secret {
        var written = 0
        let buffer = try unsafe Secret(count: capacity) { target in
            var writer = unsafe SecretFieldWriter(into: target)
            try writer.field(1, repository.bytes)
            if let repositorySecret { try writer.field(3, repositorySecret.secret) }
            try writer.field(5, rootOwner.bytes.bytes)
            try writer.field(7, member.bytes)
            if let seed { try writer.field(9, seed.secret) }
            try writer.field(11, small: UInt8(role.rawValue))
            for key in privateKeys {
                guard let domain = key.domain else { continue }
                let raw = try key.key.rawRepresentation()
                let nested = try nestedRecord { inner in
                    try inner.field(1, domain.bytes)
                    try inner.field(3, raw)
                }
                try writer.field(13, nested)
            }
            for key in privateKeys where key.domain == nil {
                let raw = try key.key.rawRepresentation()
                try writer.field(15, raw)
            }
            for keys in derivedKeys {
                let nested = try nestedRecord { inner in
                    try inner.field(1, keys.domain.bytes)
                    var epoch: [UInt8] = []
                    Varint.append(UInt64(keys.epoch), to: &epoch)
                    try inner.field(3, epoch)
                    try inner.field(5, keys.chunkIDKey)
                    try inner.field(7, keys.chunkerKey)
                    try inner.field(9, keys.directoryKey)
                    try inner.field(11, keys.datasetKey)
                }
                try writer.field(17, nested)
            }
            written = writer.count
        }
        return try buffer.withBytes { bytes throws in try Secret(copying: bytes.extracting(0..<written)) }
    }

    /// Reads what a slot sealed to its member gave up.
    ///
    /// - Throws: `RepositoryError.integrity` for malformed bytes, `.unsupported` for a field it must know and does not.
    static func decode(_ secret: borrowing Secret) throws -> KeyGrant {
        let parts = try secret.withBytes { bytes throws in try KeyringParts(bytes) }
        guard parts.seed == nil else {
            throw RepositoryError(.integrity, "a key slot that is sealed to a member holds a signing key")
        }
        return try parts.grant()
    }
}

private func nestedRecord(_ body: (inout SecretFieldWriter) throws -> Void) throws -> Secret {
    var written = 0
    let buffer = try unsafe Secret(count: 512) { target in
        var writer = unsafe SecretFieldWriter(into: target)
        try body(&writer)
        written = writer.count
    }
    return try buffer.withBytes { bytes throws in try Secret(copying: bytes.extracting(0..<written)) }
}

/// A secret that may stand in an optional or an array.
private final class SecretBox {
    let secret: Secret
    init(_ bytes: RawSpan) throws { secret = try Secret(copying: bytes) }
}

private struct KeyringParts {
    var repository: RepositoryID?
    var repositorySecret: SecretBox?
    var rootOwner: VerifyingKey?
    var member: MemberID?
    var seed: SecretBox?
    var role: MemberRole?
    var privateKeys: [PrivateKey] = []
    var derivedKeys: [DomainKeys] = []

    /// The grant that the fields make.
    func grant() throws -> KeyGrant {
        guard let repository, let rootOwner, let member, let role else {
            throw RepositoryError(.integrity, "a keyring lacks one of its required fields")
        }
        return KeyGrant(
            repository: repository,
            rootOwner: rootOwner,
            member: member,
            role: role,
            repositorySecret: try repositorySecret.map { SecretHolder(try $0.secret.copy()) },
            privateKeys: privateKeys,
            derivedKeys: derivedKeys
        )
    }

    init(_ bytes: RawSpan) throws {
        for field in try secretFields(in: bytes, range: 0..<bytes.byteCount, repeated: [13, 15, 17]) {
            let value = bytes.extracting(field.range)
            switch field.tag {
            case 1: repository = Digest(value)
            case 3: repositorySecret = try KeyringParts.key(value)
            case 5: rootOwner = Digest(value).map(VerifyingKey.init)
            case 7: member = MemberID(value.copyBytes())
            case 9: seed = try KeyringParts.key(value)
            case 11: role = MemberRole(rawValue: try KeyringParts.integer(value))
            case 13: privateKeys.append(try KeyringParts.readerKey(bytes, field.range))
            case 15:
                let key = try KeyringParts.key(value)
                privateKeys.append(PrivateKey(domain: nil, key: try AgreementKey(rawRepresentation: key.secret)))
            case 17: derivedKeys.append(try KeyringParts.domainKeys(bytes, field.range))
            default:
                try KeyringParts.requireOptional(field)
            }
        }
    }

    private static func key(_ value: RawSpan) throws -> SecretBox {
        guard value.byteCount == 32 else { throw RepositoryError(.integrity, "a key in a keyring is not 32 bytes") }
        return try SecretBox(value)
    }

    private static func requireOptional(_ field: SecretField) throws {
        guard field.tag.isMultiple(of: 2) else {
            throw RepositoryError(
                .unsupported,
                "the keyring has field \(field.tag), which this version does not know; use a newer holdfast"
            )
        }
    }

    private static func integer(_ value: RawSpan) throws -> UInt64 {
        var reader = ByteReader(value.copyBytes(), what: "keyring")
        let integer = try reader.varint()
        guard reader.isAtEnd else { throw RepositoryError(.integrity, "a keyring is malformed") }
        return integer
    }

    private static func readerKey(_ bytes: RawSpan, _ range: Range<Int>) throws -> PrivateKey {
        var domain: DomainID?
        var key: SecretBox?
        for field in try secretFields(in: bytes, range: range) {
            let value = bytes.extracting(field.range)
            switch field.tag {
            case 1: domain = DomainID(value.copyBytes())
            case 3: key = try KeyringParts.key(value)
            default: try KeyringParts.requireOptional(field)
            }
        }
        guard let domain, let key else { throw RepositoryError(.integrity, "a reader key in a keyring is incomplete") }
        return PrivateKey(domain: domain, key: try AgreementKey(rawRepresentation: key.secret))
    }

    private static func domainKeys(_ bytes: RawSpan, _ range: Range<Int>) throws -> DomainKeys {
        var domain: DomainID?
        var epoch: UInt32?
        var keys: [UInt64: SecretBox] = [:]
        for field in try secretFields(in: bytes, range: range) {
            let value = bytes.extracting(field.range)
            switch field.tag {
            case 1: domain = DomainID(value.copyBytes())
            case 3: epoch = UInt32(exactly: try integer(value)).flatMap { $0 > 0 ? $0 : nil }
            case 5, 7, 9, 11: keys[field.tag] = try KeyringParts.key(value)
            default: try KeyringParts.requireOptional(field)
            }
        }
        guard let domain, let epoch, let chunkID = keys[5], let chunker = keys[7], let directory = keys[9],
            let dataset = keys[11]
        else {
            throw RepositoryError(.integrity, "the derived keys in a keyring are incomplete")
        }
        return DomainKeys(
            domain: domain,
            epoch: epoch,
            chunkIDKey: try chunkID.secret.copy(),
            chunkerKey: try chunker.secret.copy(),
            directoryKey: try directory.secret.copy(),
            datasetKey: try dataset.secret.copy()
        )
    }
}
