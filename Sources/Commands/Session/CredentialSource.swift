import Cryptography
import FileSystem
import Repository

/// Where the secret comes from that opens a repository or is to open it.
///
/// An option beats the environment. In the environment the first that is set counts, in the order of the cases here.
enum CredentialSource: Sendable {
    case passwordVariable
    case passwordFile(String)
    case passwordCommand(String)
    case keyFile(String)
    case recoveryKit(String)
    case recoveryPrompt
    case passwordPrompt

    /// Chooses by options, then by environment; a prompt is the last resort.
    init(_ options: GlobalOptions, _ variables: Variables) {
        if let path = options.passwordFile {
            self = .passwordFile(path)
        } else if let command = options.passwordCommand {
            self = .passwordCommand(command)
        } else if let path = options.keyFile {
            self = .keyFile(path)
        } else if let path = options.recoveryKit {
            self = .recoveryKit(path)
        } else if options.recoveryWords {
            self = .recoveryPrompt
        } else if variables.isSet("HOLDFAST_PASSWORD") {
            self = .passwordVariable
        } else if let path = variables.nonEmpty("HOLDFAST_PASSWORD_FILE") {
            self = .passwordFile(path)
        } else if let command = variables.nonEmpty("HOLDFAST_PASSWORD_COMMAND") {
            self = .passwordCommand(command)
        } else if let path = variables.nonEmpty("HOLDFAST_KEY_FILE") {
            self = .keyFile(path)
        } else if let path = variables.nonEmpty("HOLDFAST_RECOVERY_WORDS_FILE") {
            self = .recoveryKit(path)
        } else {
            self = .passwordPrompt
        }
    }

    /// Whether a password comes from here, rather than a key file or recovery words.
    var givesPassword: Bool {
        switch self {
        case .passwordVariable, .passwordFile, .passwordCommand, .passwordPrompt: true
        case .keyFile, .recoveryKit, .recoveryPrompt: false
        }
    }
}

extension CredentialSource {
    /// The password from here.
    ///
    /// - Parameter isNew: whether a prompt asks twice.
    /// - Throws: `UsageError` if there is nobody to ask, `RepositoryError.wrongKey` for an empty password.
    func password(
        isNew: Bool,
        prompt: String = "password for the repository: ",
        variables: Variables = Variables()
    ) throws -> SecretHolder {
        let secret: Secret
        switch self {
        case .passwordVariable:
            guard let value = try variables.secret("HOLDFAST_PASSWORD") else { throw CredentialSource.noPassword }
            secret = value
        case .passwordFile(let path): secret = try SecretFile.readPassword(path)
        case .passwordCommand(let command): secret = try CredentialSource.output(of: command)
        case .passwordPrompt: secret = try CredentialSource.ask(prompt, twice: isNew)
        case .keyFile, .recoveryKit, .recoveryPrompt:
            throw UsageError("a password is needed here, not a key file or recovery words")
        }
        guard secret.count > 0 else {
            throw RepositoryError(
                .wrongKey,
                "the password is empty: an empty password protects nothing, give a real one"
            )
        }
        guard !secret.contains(0) else {
            throw RepositoryError(.wrongKey, "the password holds a zero byte: this is no text")
        }
        if isNew { try ExampleSecrets.refuse(password: secret) }
        return SecretHolder(secret)
    }

    private static let noPassword = UsageError(
        """
        no password and no terminal to ask on: set HOLDFAST_PASSWORD, HOLDFAST_PASSWORD_FILE, \
        HOLDFAST_PASSWORD_COMMAND, HOLDFAST_KEY_FILE or HOLDFAST_RECOVERY_WORDS_FILE, or give --password-file, \
        --password-command, --key-file or --recovery-kit
        """
    )

    private static func ask(_ prompt: String, twice: Bool) throws -> Secret {
        guard let terminal = Terminal() else { throw noPassword }
        let secret = try terminal.readSecret(prompt)
        if twice {
            let again = try terminal.readSecret("the same once more: ")
            guard secret.equals(again) else { throw UsageError("the two passwords differ; nothing was done") }
        }
        return secret
    }

    private static func output(of command: String) throws -> Secret {
        let child = try ChildProcess(["/bin/sh", "-c", command])
        let secret: Secret
        do {
            secret = try SecretFile.readPassword(child.output, what: "the output of the password command")
        } catch {
            child.terminate()
            _ = child.waitForFailure()
            throw error
        }
        if let failure = child.waitForFailure() { throw UsageError("the password command \(failure)") }
        return secret
    }
}
