import ArgumentParser
import Cryptography
import Records
import Repository

/// Adds a key.
struct KeyAddCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add a password or make a key file.",
        discussion: "Without --new-key-file and --new-password-file the new password is asked for."
    )

    @OptionGroup var newKey: NewKeyOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        let repository = try session.openRepository()
        let name = try addKey(newKey, to: repository)
        try session.reportKey(name, "added key \(name.hex.prefix(8))")
        return .success
    }
}

/// Adds the key that the options ask for.
///
/// - Returns: the new slot's name.
func addKey(_ options: NewKeyOptions, to repository: Repository) throws -> ObjectHash {
    let key = try NewKey(options, otherwise: .passwordPrompt, prompt: "new password: ")
    return try key.keptOnlyIfDone {
        let name = try repository.addSlot(key.slot)
        try key.finish(repository: repository.id, slot: name)
        return name
    }
}

extension Session {
    /// Says what was done with a key.
    func reportKey(_ name: ObjectHash, _ text: String) throws {
        if output.isJSON {
            try output.record(["message_type": "summary", "key": .string(name.hex)])
        } else {
            try output.line(text)
        }
    }
}
