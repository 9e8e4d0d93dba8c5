import Cryptography
import ObjectStorage
import Records
import Repository
import TestSupport

/// A member of a fixture, with the key file that opens its repository.
struct TestMember {
    let fixture: RepositoryFixture
    /// The text of its key file.
    let keyFile: SecretHolder
    /// The member as it was enrolled.
    let member: PolicyMember

    /// Opens the repository as the member.
    func open(
        _ store: (any ObjectStore)? = nil,
        environment: RepositoryEnvironment = RepositoryEnvironment()
    ) throws -> Repository {
        try Repository.open(store: store ?? fixture.store, credential: .keyFile(keyFile), environment: environment)
    }
}

extension RepositoryFixture {
    /// Enrols a member, as the two commands do.
    func addMember(
        _ role: MemberRole,
        name: String? = nil,
        domains: [String] = [],
        validSeconds: Int64? = nil
    ) throws -> TestMember {
        let side = try PublicRepository(store: store)
        let file = try MemberKeyFile.make(repository: side.format.repository, rootOwner: try side.rootOwner())
        let line = try MemberRequest(file, name: name ?? "member\(role.rawValue)").text(signedWith: file)
        var new = NewMember(try MemberRequest(parsing: line), role: role)
        new.domains = domains
        new.validSeconds = validSeconds
        let member = try open().addMember(new)
        return TestMember(fixture: self, keyFile: SecretHolder(try file.text()), member: member)
    }
}
