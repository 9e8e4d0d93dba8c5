package import Cryptography

/// What a pack says about itself in the clear.
package struct PackHeader: Hashable, Sendable {
    /// The bytes needed to learn how long the header is.
    package static let headByteCount = ObjectPrefix.headByteCount

    /// The repository that the pack belongs to.
    package var repository: RepositoryID
    /// The cipher suite of the pack.
    package var suite: CipherSuite
    /// The domain whose chunks it holds.
    package var domain: DomainID
    /// The epoch of the domain, from 1.
    package var epoch: UInt32
    /// The member that wrote it.
    package var member: MemberID
    /// The run that wrote it.
    package var run: RunID
    /// What its chunks are: 1 data, 2 metadata; the purpose of the key box is the same.
    package var type: UInt64
    /// Random bytes from which the pack's keys derive, 32.
    package var salt: [UInt8]
    /// The content key, sealed to the recipients.
    package var keyBox: KeyBox
    /// Optional fields of later versions.
    package var unknown: UnknownFields

    /// Puts the parts together.
    package init(
        repository: RepositoryID,
        suite: CipherSuite,
        domain: DomainID,
        epoch: UInt32,
        member: MemberID,
        run: RunID,
        type: UInt64,
        salt: [UInt8],
        keyBox: KeyBox,
        unknown: UnknownFields = UnknownFields()
    ) {
        self.repository = repository
        self.suite = suite
        self.domain = domain
        self.epoch = epoch
        self.member = member
        self.run = run
        self.type = type
        self.salt = salt
        self.keyBox = keyBox
        self.unknown = unknown
    }

    /// How many bytes at the start of a pack make up its header, from the first 12; throws before anything more is read.
    package static func byteCount(fromFirst bytes: [UInt8]) throws(RecordError) -> Int {
        try ObjectPrefix.byteCount(.pack, fromFirst: bytes[...])
    }

    /// Reads the header at the start of a pack; bytes after it do not matter.
    ///
    /// Throws `.malformed`, `.unsupported` naming what a newer version wrote, or `.tooLarge`.
    package init(decoding pack: [UInt8]) throws(RecordError) {
        let what = "header of the pack"
        var reader = FieldReader(try ObjectPrefix.fields(.pack, of: pack[...]), what: what)
        var repository: RepositoryID?
        var suite: CipherSuite?
        var domain: DomainID?
        var epoch: UInt32?
        var member: MemberID?
        var run: RunID?
        var type: UInt64?
        var salt: [UInt8]?
        var keyBox: KeyBox?
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 1: repository = try field.digest()
            case 3: suite = try field.suite()
            case 5: domain = try field.identifier()
            case 7: epoch = try field.integer32()
            case 9: member = try field.identifier()
            case 11: run = try field.identifier()
            case 13:
                let value = try field.integer()
                guard value <= 2 else {
                    throw field.unsupported("names pack type \(value), which this version does not know")
                }
                type = value
            case 15: salt = try field.bytes(exactly: 32)
            case 17: keyBox = try KeyBox(reading: field)
            default: try field.requireKnown(what, keep: &unknown)
            }
        }
        self.init(
            repository: try required(repository, "repository id", of: what),
            suite: try required(suite, "cipher suite", of: what),
            domain: try required(domain, "domain", of: what),
            epoch: try required(epoch, "epoch", of: what),
            member: try required(member, "member", of: what),
            run: try required(run, "run", of: what),
            type: try required(type, "type", of: what),
            salt: try required(salt, "salt", of: what),
            keyBox: try required(keyBox, "key box", of: what),
            unknown: unknown
        )
        guard self.keyBox.purpose == self.type else {
            throw RecordError(.malformed, "the \(what) has a key box for another type of pack")
        }
    }

    /// The start of the pack: magic number, length and fields; also what its sealed parts are bound to.
    ///
    /// A header that was read gives exactly the bytes that it was read from.
    package func encodedPrefix() -> [UInt8] {
        var writer = FieldWriter()
        writer.digest(1, repository)
        writer.integer(3, UInt64(suite.rawValue))
        writer.identifier(5, domain)
        writer.integer(7, UInt64(epoch))
        writer.identifier(9, member)
        writer.identifier(11, run)
        writer.integer(13, type)
        writer.bytes(15, salt)
        writer.raw(17, keyBox.encoded())
        writer.unknown(unknown)
        return ObjectPrefix.encode(.pack, writer.bytes)
    }
}
