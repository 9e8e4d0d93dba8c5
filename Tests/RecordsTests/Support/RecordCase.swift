import Cryptography
import Testing

@testable import Records

/// One kind of record, for tests that run over all of them.
struct RecordCase: Sendable, CustomTestStringConvertible {
    let kind: RecordKind
    /// Encodes a random record after making sure that decoding gives it back.
    let make: @Sendable (inout RecordSource) throws -> [UInt8]
    /// Decodes and encodes again.
    let reencode: @Sendable ([UInt8]) throws -> [UInt8]

    var testDescription: String { kind.name }

    static let all = signed.map(\.record) + unsigned

    static let signed: [SignedCase] = [
        SignedCase { try $0.policy() }, SignedCase { try $0.packList() }, SignedCase { try $0.commit() },
        SignedCase { try $0.lease() }, SignedCase { try $0.attestation() }, SignedCase { try $0.plan() },
        SignedCase { try $0.planDone() }, SignedCase { try $0.forgotten() }, SignedCase { try $0.receipt() },
        SignedCase { try $0.erasure() }, SignedCase { try $0.auditEntry() }, SignedCase { try $0.hold() },
    ]

    static let unsigned: [RecordCase] = [
        RecordCase(
            kind: .format,
            make: { source in
                let header = try source.formatHeader()
                let object = try header.encodedObject()
                try #expect(FormatHeader(object: object) == header)
                return object
            },
            reencode: { try FormatHeader(object: $0).encodedObject() }
        ),
        RecordCase(
            kind: .pack,
            make: { source in
                let header = try source.packHeader()
                let prefix = header.encodedPrefix()
                try #expect(PackHeader(decoding: prefix + source.bytes(upTo: 20)) == header)
                return prefix
            },
            reencode: { try PackHeader(decoding: $0).encodedPrefix() + $0[PackHeader.byteCount(fromFirst: $0)...] }
        ),
        RecordCase(
            kind: .slot,
            make: { source in
                let header = try source.slotHeader()
                let object = header.encodedPrefix() + [3, 0, 0, 0, 1, 2, 3]
                try #expect(KeySlotHeader(object: object) == header)
                return object
            },
            reencode: { try KeySlotHeader(object: $0).encodedPrefix() + $0.suffix(7) }
        ),
    ]
}

/// One kind of signed record.
struct SignedCase: Sendable, CustomTestStringConvertible {
    /// The record's body.
    let record: RecordCase
    /// Signs a random body with the key of the tests.
    let makeObject: @Sendable (inout RecordSource) throws -> [UInt8]
    /// Opens an object with a key, and encodes its body.
    let open: @Sendable ([UInt8], VerifyingKey, RepositoryID) throws -> [UInt8]
    /// Signs the given body, decoded, with the key of the tests.
    let signBody: @Sendable ([UInt8]) throws -> [UInt8]

    var testDescription: String { record.testDescription }
    var kind: RecordKind { record.kind }

    init<Body: SignedBody>(_ make: @escaping @Sendable (inout RecordSource) throws -> Body) {
        record = RecordCase(
            kind: Body.kind,
            make: { source in
                let body = try make(&source)
                let encoded = body.encodedBody()
                try #expect(Body(decoding: encoded) == body)
                return encoded
            },
            reencode: { try Body(decoding: $0).encodedBody() }
        )
        makeObject = { source in try SignedRecord.sign(make(&source), with: testKey()) }
        open = { object, key, repository in
            try SignedRecord.body(Body.self, of: object, signedBy: key, repository: repository).encodedBody()
        }
        signBody = { try SignedRecord.sign(Body(decoding: $0), with: testKey()) }
    }
}
