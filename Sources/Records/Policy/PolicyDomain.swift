package import Cryptography

/// A domain, as its policy states it.
package struct PolicyDomain: Hashable, Sendable {
    /// The domain.
    package var id: DomainID
    /// What people call the domain.
    package var name: String
    /// The current epoch, from 1.
    package var epoch: UInt32
    /// The public keys of the domain's readers.
    package var readers: [AgreementPublicKey]
    /// Optional fields of later versions.
    package var unknown: UnknownFields

    /// Puts the parts together.
    package init(
        id: DomainID,
        name: String,
        epoch: UInt32,
        readers: [AgreementPublicKey],
        unknown: UnknownFields = UnknownFields()
    ) {
        self.id = id
        self.name = name
        self.epoch = epoch
        self.readers = readers
        self.unknown = unknown
    }

    /// Reads a domain that is a field of a policy.
    init(reading field: Field) throws(RecordError) {
        let what = "domain in a policy"
        var reader = try field.reader(what: what, repeated: [5])
        var id: DomainID?
        var name = ""
        var epoch: UInt32?
        var readers: [AgreementPublicKey] = []
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 1: id = try field.identifier()
            case 2: name = try field.text()
            case 3: epoch = try field.integer32()
            case 5: readers.append(AgreementPublicKey(try field.digest()))
            default: try field.requireKnown(what, keep: &unknown)
            }
        }
        self.init(
            id: try required(id, "id", of: what),
            name: name,
            epoch: try required(epoch, "epoch", of: what),
            readers: readers,
            unknown: unknown
        )
    }

    /// Writes the domain's fields.
    func write(to writer: inout FieldWriter) {
        writer.identifier(1, id)
        writer.text(2, name)
        writer.integer(3, UInt64(epoch))
        writer.repeatedDigest(5, readers.map(\.bytes))
        writer.unknown(unknown)
    }
}
