internal import Cryptography

/// The public header of a repository: what it is, before any key is at hand.
///
/// It is neither secret nor signed; the key slots repeat what matters.
package struct FormatHeader: Hashable, Sendable {
    /// The version of the format that this program reads and writes.
    package static let currentVersion: UInt64 = 1

    /// The version of the format.
    package var version: UInt64
    /// When the repository was made, nanoseconds since 1970-01-01 UTC.
    package var created: Int64
    /// The repository.
    package var repository: RepositoryID
    /// The SHA-256 of the object of policy 0.
    package var rootPolicy: ObjectHash
    /// What a reader must know, by name; version 1 defines none.
    package var features: [String]
    /// Optional fields of later versions.
    package var unknown: UnknownFields

    /// Puts the parts together.
    package init(
        version: UInt64 = FormatHeader.currentVersion,
        created: Int64,
        repository: RepositoryID,
        rootPolicy: ObjectHash,
        features: [String] = [],
        unknown: UnknownFields = UnknownFields()
    ) {
        self.version = version
        self.created = created
        self.repository = repository
        self.rootPolicy = rootPolicy
        self.features = features
        self.unknown = unknown
    }

    /// Reads the object.
    ///
    /// Throws `.tooLarge`, `.malformed`, `.badChecksum`, `.unsupported` naming the version, feature or field that this
    /// version does not know, or `CryptographyError` if the library fails.
    package init(object: [UInt8]) throws {
        try RecordKind.format.checkSize(object.count)
        let fields = try ObjectPrefix.fields(.format, of: object[...])
        var reader = ByteReader(object[fields.endIndex...], what: RecordKind.format.name)
        let checksum = try reader.digest()
        try reader.requireEnd()
        guard try unsafe SHA256.hash(object.span.bytes.extracting(0..<fields.endIndex)) == checksum else {
            throw RecordError(.badChecksum, "the format header is damaged: its checksum does not fit")
        }
        try self.init(fields: fields)
    }

    /// The whole object; throws `CryptographyError` only if the library fails.
    package func encodedObject() throws -> [UInt8] {
        var writer = FieldWriter()
        writer.integer(1, version)
        writer.signed(2, created)
        writer.digest(3, repository)
        writer.digest(5, rootPolicy)
        writer.repeatedText(7, features)
        writer.unknown(unknown)
        var object = ObjectPrefix.encode(.format, writer.bytes)
        try unsafe SHA256.hash(object.span.bytes).append(to: &object)
        return object
    }

    private init(fields: ArraySlice<UInt8>) throws(RecordError) {
        let what = RecordKind.format.name
        var reader = FieldReader(fields, what: what, repeated: [7])
        var version: UInt64?
        var created: Int64 = 0
        var repository: RepositoryID?
        var rootPolicy: ObjectHash?
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 1:
                let value = try field.integer()
                guard value == Self.currentVersion else {
                    throw RecordError(
                        .unsupported,
                        "the repository has a newer format, version \(value); "
                            + "this version of the program reads version \(Self.currentVersion)"
                    )
                }
                version = value
            case 2: created = try field.signed()
            case 3: repository = try field.digest()
            case 5: rootPolicy = try field.digest()
            case 7:
                let feature = try field.text()
                throw RecordError(
                    .unsupported,
                    "the repository needs the feature \"\(feature)\"; use a newer version of the program"
                )
            default: try field.requireKnown(what, keep: &unknown)
            }
        }
        self.init(
            version: try required(version, "format version", of: what),
            created: created,
            repository: try required(repository, "repository id", of: what),
            rootPolicy: try required(rootPolicy, "hash of policy 0", of: what),
            unknown: unknown
        )
    }
}
