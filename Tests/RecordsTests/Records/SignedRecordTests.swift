import Cryptography
import TestSupport
import Testing

@testable import Records

struct SignedRecordTests {
    /// A small object of the kind, so that every bit of it can be tried.
    private func object(_ record: SignedCase, _ source: inout RecordSource) throws -> [UInt8] {
        source.addsUnknownFields = false
        var smallest: [UInt8] = []
        for _ in 0..<20 {
            let candidate = try record.makeObject(&source)
            if smallest.isEmpty || candidate.count < smallest.count { smallest = candidate }
        }
        return smallest
    }

    @Test("A signed object opens with its key and names its signer, seed 41", arguments: RecordCase.signed)
    func opens(record: SignedCase) throws {
        var source = try RecordSource(seed: 41)
        let object = try record.makeObject(&source)
        let body = try record.open(object, source.key, source.repository)
        #expect(object.count == 12 + body.count + 64)
        #expect(try SignedRecord.signer(of: object, kind: record.kind) == source.signer)
    }

    @Test("Row 1: each flipped bit of a signed object is noticed, seed 42", arguments: RecordCase.signed)
    func flippedBits(record: SignedCase) throws {
        var source = try RecordSource(seed: 42)
        let object = try object(record, &source)
        for index in object.indices {
            for bit in 0..<8 {
                var damaged = object
                damaged[index] ^= 1 << UInt8(bit)
                let code = try recordError { _ = try record.open(damaged, source.key, source.repository) }.code
                if index >= 12 {
                    #expect(code == .badSignature, "byte \(index), bit \(bit)")
                } else {
                    #expect(code == .malformed || (index == 6 && code == .unsupported), "byte \(index), bit \(bit)")
                }
            }
        }
    }

    @Test("Row 2: a truncated, lengthened or empty signed object is noticed, seed 43", arguments: RecordCase.signed)
    func truncated(record: SignedCase) throws {
        var source = try RecordSource(seed: 43)
        let object = try object(record, &source)
        for count in 0..<object.count {
            let damaged = Array(object.prefix(count))
            #expect(try recordError { _ = try record.open(damaged, source.key, source.repository) }.code == .malformed)
            #expect(try recordError { _ = try SignedRecord.signer(of: damaged, kind: record.kind) }.code == .malformed)
        }
        for extra in [[0], [UInt8](repeating: 0, count: 64), object] {
            let damaged = object + extra
            #expect(try recordError { _ = try record.open(damaged, source.key, source.repository) }.code == .malformed)
        }
    }

    @Test("An object does not pass as one of another kind, repository or key, seed 44", arguments: RecordCase.signed)
    func swapped(record: SignedCase) throws {
        var source = try RecordSource(seed: 44)
        let object = try record.makeObject(&source)
        let other = try testKey(8).publicKey
        #expect(try recordError { _ = try record.open(object, other, source.repository) }.code == .badSignature)
        #expect(try recordError { _ = try record.open(object, source.key, testDigest(1)) }.code == .badSignature)
        for another in RecordCase.signed where another.kind != record.kind {
            #expect(try recordError { _ = try another.open(object, source.key, source.repository) }.code == .malformed)
            var disguised = object
            disguised[5] = another.kind.rawValue
            #expect(
                try recordError { _ = try another.open(disguised, source.key, source.repository) }.code == .badSignature
            )
        }
    }

    @Test("A body is signed by the member that it names, and by no other")
    func signer() throws {
        var source = try RecordSource(seed: 45)
        let receipt = try source.receipt()
        #expect(try recordError { _ = try SignedRecord.sign(receipt, with: testKey(8)) }.code == .unknownSigner)

        let stranger = try testKey(8)
        let object = try sign(receipt.encodedBody(), kind: .receipt, for: receipt.repository, with: stranger)
        let error = try recordError {
            _ = try SignedRecord.body(
                Receipt.self,
                of: object,
                signedBy: stranger.publicKey,
                repository: receipt.repository
            )
        }
        #expect(error.code == .unknownSigner)
    }

    @Test("A body that names another repository than its signature covers is refused")
    func otherRepository() throws {
        var source = try RecordSource(seed: 46)
        let receipt = try source.receipt()
        let other = try testDigest(1)
        let object = try sign(receipt.encodedBody(), kind: .receipt, for: other, with: testKey())
        let error = try recordError {
            _ = try SignedRecord.body(Receipt.self, of: object, signedBy: source.key, repository: other)
        }
        #expect(error.code == .malformed)
        #expect(error.message.contains(receipt.repository.hex))
    }

    @Test("The signature is checked before the fields are read")
    func signatureFirst() throws {
        let source = try RecordSource(seed: 47)
        let object = RecordKind.receipt.magic + [3, 0, 0, 0, 9, 9, 9] + [UInt8](repeating: 0, count: 64)
        let error = try recordError {
            _ = try SignedRecord.body(Receipt.self, of: object, signedBy: source.key, repository: source.repository)
        }
        #expect(error.code == .badSignature)
    }

    @Test("What no reader accepts is not signed")
    func refusesToSign() throws {
        var source = try RecordSource(seed: 48)
        var list = try source.packList()
        list.packs = [
            PackReference(name: try testDigest(2), byteCount: 1), PackReference(name: try testDigest(1), byteCount: 1),
        ]
        #expect(try recordError { _ = try SignedRecord.sign(list, with: testKey()) }.code == .malformed)

        var commit = try source.commit()
        commit.addedPackLists = [
            PackListReference(member: try testIdentifier(1), run: commit.run, number: 0, hash: try testDigest(1))
        ]
        #expect(try recordError { _ = try SignedRecord.sign(commit, with: testKey()) }.message.contains("read"))
    }

    @Test("An object beyond its bound is neither written nor read")
    func bounds() throws {
        var source = try RecordSource(seed: 49)
        var lease = try source.lease()
        lease.unknown.keep(200, [UInt8](repeating: 0, count: 65_536)[...])
        #expect(try recordError { _ = try SignedRecord.sign(lease, with: testKey()) }.code == .tooLarge)
        let object = RecordKind.lease.magic + [UInt8](repeating: 0, count: 65_529)
        let error = try recordError {
            _ = try SignedRecord.body(Lease.self, of: object, signedBy: source.key, repository: source.repository)
        }
        #expect(error.code == .tooLarge)
    }

    /// Signs bytes as format.md §1.5 says, without the checks of the library.
    private func sign(
        _ body: [UInt8],
        kind: RecordKind,
        for repository: RepositoryID,
        with key: borrowing SigningKey
    ) throws -> [UInt8] {
        let message = Array("holdfast/v1/signed\0".utf8) + kind.magic + repository.bytes + body
        let length = (0..<4).map { UInt8(truncatingIfNeeded: body.count >> (8 * $0)) }
        return kind.magic + length + body + (try key.sign(unsafe message.span.bytes))
    }
}
