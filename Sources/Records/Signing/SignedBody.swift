/// The body of a signed record: what it says, without magic number and signature.
package protocol SignedBody: Hashable, Sendable {
    /// The kind of object that the record is.
    static var kind: RecordKind { get }
    /// The repository that the record belongs to, field 1.
    var repository: RepositoryID { get }
    /// The member that signed the record, field 3.
    var signer: MemberID { get }
    /// Reads a body; throws `.malformed`, or `.unsupported` naming what a newer version wrote.
    init(decoding body: [UInt8]) throws(RecordError)
    /// The body's one encoding.
    func encodedBody() -> [UInt8]
}
