import ArgumentParser
import Cryptography
import Records
import Repository

/// What a new key slot is to be opened by.
struct NewKeyOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Make a key file here, which opens the repository instead of a password.", valueName: "file")
    )
    var newKeyFile: String?

    @Option(help: ArgumentHelp("A file that holds the new password.", valueName: "file"))
    var newPasswordFile: String?

    @Option(help: ArgumentHelp("What holdfast key list calls the new key.", valueName: "text"))
    var label: String?

    /// Refuses two kinds of key at once.
    func validate() throws {
        if newKeyFile != nil, newPasswordFile != nil {
            throw ValidationError("--new-key-file and --new-password-file contradict each other: give one of them.")
        }
    }
}

/// A key slot about to be made, with the file that is to hold its key if there is one.
struct NewKey {
    /// What opens the slot.
    let credential: NewCredential
    /// The name in listings.
    let label: String
    private let file: NewFile?
    private let secret: SecretHolder

    /// The new key that the options ask for; otherwise a password from `source`.
    init(_ options: NewKeyOptions, otherwise source: CredentialSource, prompt: String) throws {
        label = options.label ?? "\(currentUserName())@\(hostName())"
        if let path = options.newKeyFile {
            file = try NewFile(path: path, what: "key file")
            secret = SecretHolder(try Secret.random(count: 32))
            credential = .secret(secret, .keyFile)
        } else {
            file = nil
            let source = options.newPasswordFile.map { CredentialSource.passwordFile($0) } ?? source
            secret = try source.password(isNew: true, prompt: prompt)
            credential = .passphrase(secret, .standard)
        }
    }

    /// The slot to make.
    var slot: NewSlot { NewSlot(credential, label: label) }

    /// Writes the key file, if there is one, once the slot exists.
    func finish(repository: RepositoryID, slot: ObjectHash) throws {
        guard let file else { return }
        do {
            let copy = try secret.secret.copy()
            try file.write(KeyFile(repository: repository, slot: slot, secret: copy).text())
        } catch {
            file.discard()
            throw error
        }
    }

    /// Runs what makes the slot; if it fails the key file is taken away again.
    func keptOnlyIfDone<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch {
            file?.discard()
            throw error
        }
    }
}
