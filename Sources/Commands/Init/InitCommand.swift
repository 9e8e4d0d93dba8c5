import ArgumentParser
import Cryptography
import FileSystem
import ObjectStorage
import Records
import Repository

/// Makes a repository.
struct InitCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make a repository in an empty or new place.",
        discussion: """
            The password comes from --password-file, --password-command, HOLDFAST_PASSWORD and its like, or is asked for \
            twice. Whoever loses every key of a repository has lost what is in it: make a recovery kit next.
            """
    )

    @Option(help: "The cipher: aes256-gcm, or chacha20-poly1305 for processors without AES.")
    var cipher = Cipher.aes

    @Option(
        help: ArgumentHelp(
            "Protect the repository by so many per cent of parity; backups keep it up. (HOLDFAST_PARITY)",
            valueName: "percent"
        )
    )
    var parity: ParityPercent?

    @OptionGroup var newKey: NewKeyOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    /// The cipher suites by their names on the command line.
    enum Cipher: String, ExpressibleByArgument, CaseIterable {
        case aes = "aes256-gcm"
        case chaCha = "chacha20-poly1305"

        var suite: CipherSuite { self == .aes ? .aes256GCM : .chaCha20Poly1305 }
    }

    func run(_ session: Session) throws -> ExitStatus {
        let location = try session.locationText()
        let directory = try session.location().directory
        let source = CredentialSource(global, session.variables)
        guard newKey.newKeyFile != nil || newKey.newPasswordFile != nil || source.givesPassword else {
            throw UsageError("init takes a password, or makes a key file with --new-key-file FILE")
        }
        if let directory { try EmptyPlace.require(directory) }
        let key = try NewKey(newKey, otherwise: source, prompt: "password for the new repository: ")
        let repository = try key.keptOnlyIfDone {
            let repository = try create(key, session)
            if let slot = repository.slot { try key.finish(repository: repository.id, slot: slot) }
            return repository
        }
        try remember(repository, session)
        if let percent = try session.parityPercent(parity, store: repository.store), percent > 0 {
            _ = try ParityWork(session, store: repository.store).create(percent: percent)
        }
        let output = session.output
        if output.isJSON {
            try output.record([
                "message_type": "initialized", "id": .string(repository.id.hex), "repository": .string(location),
            ])
        } else {
            try output.line("made repository \(repository.id.hex.prefix(16)) at \(location)")
            output.note(
                """
                Without its password or key nobody can read it, you included. Make a recovery kit and print it:
                    holdfast --repo \(location) recovery-kit create
                """
            )
        }
        return .success
    }

    private func create(_ key: NewKey, _ session: Session) throws -> Repository {
        let store = try session.createStore()
        if try session.location().directory == nil { try EmptyPlace.require(store) }
        let output = session.output
        return try Repository.create(
            store: store,
            slot: key.slot,
            suite: cipher.suite,
            ownerName: "\(currentUserName())@\(hostName())",
            domainName: "default",
            environment: RepositoryEnvironment(warn: { output.warning($0) }, isCancelled: { Cancellation.isRequested })
        )
    }

    /// Has this host remember the first policy, so that it recognises the repository from now on.
    private func remember(_ repository: Repository, _ session: Session) throws {
        guard let state = try LocalDirectories(session).state(of: repository.id) else { return }
        let chain = repository.policies
        try LocalStateFile(directory: state).update { state in
            state.policyNumber = chain.current.number
            state.policyHash = chain.headHash
        }
    }
}
