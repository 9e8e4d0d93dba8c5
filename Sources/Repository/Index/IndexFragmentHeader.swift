import Cryptography
import Records

/// The public header of an index fragment (format.md §9).
struct IndexFragmentHeader: Hashable {
    var repository: RepositoryID
    var suite: CipherSuite
    var domain: DomainID
    var epoch: UInt32
    var salt: [UInt8]

    /// Longest header, bytes.
    private static let maximumByteCount = 64 * 1024

    /// Magic, length and fields.
    func encodedPrefix() -> [UInt8] {
        var fields = FieldWriter()
        fields.digest(1, repository)
        fields.integer(3, UInt64(suite.rawValue))
        fields.identifier(5, domain)
        fields.integer(7, UInt64(epoch))
        fields.bytes(9, salt)
        var bytes = RecordKind.index.magic
        bytes.appendLittleEndian(UInt32(fields.bytes.count))
        return bytes + fields.bytes
    }

    /// Reads the header at the start of a fragment.
    ///
    /// - Returns: the header, and how many bytes it takes with magic and length.
    static func parse(_ object: [UInt8]) throws -> (IndexFragmentHeader, Int) {
        let what = "index fragment"
        try RecordKind.index.checkMagic(of: object[...])
        var reader = ByteReader(object, what: what)
        _ = try reader.bytes(RecordKind.magicByteCount)
        let length = Int(try reader.u32())
        guard length <= maximumByteCount else {
            throw RepositoryError(.integrity, "an index fragment claims a header of \(length) bytes")
        }
        var fields = FieldReader(try reader.bytes(length), what: what)
        var repository: RepositoryID?
        var suite: CipherSuite?
        var domain: DomainID?
        var epoch: UInt32?
        var salt: [UInt8]?
        var unknown = UnknownFields()
        while let field = try fields.next() {
            switch field.tag {
            case 1: repository = try field.digest()
            case 3: suite = UInt8(exactly: try field.integer()).flatMap(CipherSuite.init)
            case 5: domain = try field.identifier()
            case 7: epoch = try field.integer32()
            case 9: salt = try field.bytes(exactly: 32)
            default: try field.requireKnown(what, keep: &unknown)
            }
        }
        guard let repository, let suite, let domain, let epoch, let salt else {
            throw RepositoryError(.integrity, "the header of an index fragment lacks one of its fields")
        }
        let header = IndexFragmentHeader(repository: repository, suite: suite, domain: domain, epoch: epoch, salt: salt)
        return (header, RecordKind.magicByteCount + 4 + length)
    }
}
