import Cryptography
import ObjectStorage
import Records
import TestSupport
import Testing

@testable import Repository

/// Attestations and audit entries: numbers and links.
@Suite struct RecordChainTests {
    private func write(_ count: UInt64, in fixture: RepositoryFixture) throws -> [ObjectName] {
        var previous: ObjectHash?
        var names: [ObjectName] = []
        for number in 0..<count {
            let entry = AuditEntry(
                repository: fixture.repository.id,
                signer: fixture.repository.keyring.member,
                number: number,
                previous: previous,
                time: 1,
                event: "drill \(number)",
                details: []
            )
            let object = try SignedRecord.sign(entry, with: fixture.repository.keyring.signingKey)
            let name = try ObjectName(ObjectNames.audit(member: entry.signer, number: number))
            try fixture.store.put(name, object)
            names.append(name)
            previous = try unsafe SHA256.hash(object.span.bytes)
        }
        return names
    }

    private func problems(_ fixture: RepositoryFixture) throws -> [String] {
        try RecordChains.problems(
            in: fixture.store,
            repository: fixture.repository.id,
            policies: fixture.repository.policies
        )
    }

    @Test func aWholeChainIsRight() throws {
        let fixture = try RepositoryFixture()
        _ = try write(4, in: fixture)
        #expect(try problems(fixture).isEmpty)
    }

    @Test("Row 4: an audit entry that is gone is told of, by its number") func row4Missing() throws {
        let fixture = try RepositoryFixture()
        let names = try write(4, in: fixture)
        fixture.store.overwrite(names[1], with: nil)
        let found = try problems(fixture)
        #expect(found.count == 1)
        #expect(found.first?.contains("number 1 is missing") ?? false)
    }

    @Test("Row 4: an audit entry that was replaced by its own member is told of") func row4Replaced() throws {
        let fixture = try RepositoryFixture()
        let names = try write(3, in: fixture)
        let entry = AuditEntry(
            repository: fixture.repository.id,
            signer: fixture.repository.keyring.member,
            number: 0,
            previous: nil,
            time: 2,
            event: "nothing happened",
            details: []
        )
        fixture.store.overwrite(
            names[0],
            with: try SignedRecord.sign(entry, with: fixture.repository.keyring.signingKey)
        )
        let found = try problems(fixture)
        #expect(found.count == 1)
        #expect(found.first?.contains("audit entry 1") ?? false)
    }
}
