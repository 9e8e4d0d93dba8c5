internal import Cryptography

/// The two fields that every signed body starts with.
struct SignedHead {
    private var repository: RepositoryID?
    private var signer: MemberID?

    /// Takes the field if it is one of the two.
    mutating func take(_ field: Field) throws(RecordError) -> Bool {
        switch field.tag {
        case 1: repository = try field.digest()
        case 3: signer = try field.identifier()
        default: return false
        }
        return true
    }

    /// The two values, once all fields are read.
    func values(of what: String) throws(RecordError) -> (repository: RepositoryID, signer: MemberID) {
        (try required(repository, "repository id", of: what), try required(signer, "signer", of: what))
    }
}

extension FieldWriter {
    /// Starts a signed body.
    init(_ body: some SignedBody) {
        self.init()
        digest(1, body.repository)
        identifier(3, body.signer)
    }
}

extension Field {
    /// A number that an object's name holds too, so at most ten digits.
    func number() throws(RecordError) -> UInt64 {
        let value = try integer()
        guard value <= ObjectNames.maximumNumber else {
            throw malformed("is \(value); the format permits at most \(ObjectNames.maximumNumber)")
        }
        return value
    }

    /// The number of a cipher suite.
    func suite() throws(RecordError) -> CipherSuite {
        let value = try integer()
        guard let suite = UInt8(exactly: value).flatMap(CipherSuite.init) else {
            throw unsupported("names cipher suite \(value), which this version does not know")
        }
        return suite
    }

    /// A number that stands for one of a few meanings; `name` says of what.
    func choice<Choice: RawRepresentable<UInt64>>(_ name: String) throws(RecordError) -> Choice {
        let value = try integer()
        guard let choice = Choice(rawValue: value) else {
            throw unsupported("is \(name) \(value), which this version does not know")
        }
        return choice
    }
}
