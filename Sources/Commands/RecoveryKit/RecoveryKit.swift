import Cryptography
import FileSystem
import ObjectStorage
import Records
import Repository

/// A page from which alone a new machine opens a repository and notices a roll-back.
struct RecoveryKit: Sendable {
    /// The repository; unknown where only words were typed.
    var repository: RepositoryID?
    /// Where the repository was when the kit was made.
    var location = ""
    /// The member id of the owner from whose policy 0 all trust comes.
    var owner: MemberID?
    /// When the kit was made, for people.
    var made = ""
    /// The policy in force when the kit was made.
    var policy: (number: UInt64, hash: ObjectHash)?
    /// The highest commits known when the kit was made.
    var heads: [CommitHead] = []
    /// What the words spell.
    var secret: SecretHolder

    /// The most heads that a kit lists, so that it stays one page.
    static let headLimit = 24

    /// A kit of words alone.
    init(secret: SecretHolder) { self.secret = secret }

    /// A new kit for a repository.
    init(for repository: Repository, secret: SecretHolder, heads: [CommitHead], made: String) throws {
        self.repository = repository.id
        location = repository.store.location
        owner = try MemberID(of: repository.keyring.rootOwner)
        let policies = repository.policies
        policy = (policies.current.number, policies.headHash)
        self.heads = heads
        self.secret = secret
        self.made = made
    }

    /// Reads a kit, or words alone, from a file.
    ///
    /// - Throws: `UsageError` if it cannot be read, `RepositoryError.wrongKey` if the words are no words of a kit.
    init(file path: String) throws {
        let content = try SecretFile.read(path, what: "recovery kit")
        let bytes = content.withBytes { bytes in
            (0..<bytes.byteCount).map { unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
        }
        try self.init(parsing: String(decoding: bytes, as: UTF8.self))
    }

    /// Asks for the words on the terminal.
    static func ask() throws -> RecoveryKit {
        guard let terminal = Terminal() else {
            throw UsageError("no terminal to type recovery words on: put them into a file and give --recovery-kit FILE")
        }
        let typed = try terminal.readSecret("the \(RecoveryWords.count) words of the recovery kit: ")
        let bytes = typed.withBytes { bytes in
            (0..<bytes.byteCount).map { unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
        }
        return RecoveryKit(secret: SecretHolder(try RecoveryWords.decode(String(decoding: bytes, as: UTF8.self))))
    }
}

extension RecoveryKit {
    /// Compares an opened repository with what the kit says, and has this host remember the kit's heads.
    ///
    /// - Throws: `RepositoryError.integrity` if it is another repository, has another owner, or was rolled back.
    func vouch(for repository: Repository) throws {
        if let id = self.repository, id != repository.id {
            throw RepositoryError(
                .integrity,
                "the kit is for repository \(id.hex.prefix(16))…, this is \(repository.id.hex.prefix(16))…"
            )
        }
        if let owner, try owner != MemberID(of: repository.keyring.rootOwner) {
            throw RepositoryError(
                .integrity,
                "the repository has another owner than the kit says: it is not the same one"
            )
        }
        if let policy { try compare(policy, repository.policies) }
        if !heads.isEmpty { try repository.stateFile?.update { state in for head in heads { state.note(head) } } }
    }

    private func compare(_ policy: (number: UInt64, hash: ObjectHash), _ chain: PolicyChain) throws {
        guard policy.number <= chain.current.number else {
            throw RepositoryError(
                .integrity,
                """
                the store shows policy \(chain.current.number), but the kit has seen \(policy.number): the repository was \
                rolled back or part of it withheld; compare it with another copy before you trust it
                """
            )
        }
        let shown =
            policy.number == chain.current.number
            ? chain.headHash : chain.policies[Int(policy.number) + 1].previous
        guard shown == policy.hash else {
            throw RepositoryError(
                .integrity,
                "policy \(policy.number) is not the one that the kit names: it was replaced"
            )
        }
    }
}
