import ArgumentParser
import Cryptography
import Repository

/// Replaces the key in use.
struct KeyPasswordCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "passwd",
        abstract: "Change the password: add a new one and remove the key in use.",
        discussion: "The old key is removed only once the new one is stored."
    )

    @OptionGroup var newKey: NewKeyOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        let repository = try session.openRepository()
        guard let old = repository.slot else { throw RepositoryError(.integrity, "no key of the repository is in use") }
        let name = try addKey(newKey, to: repository)
        try repository.removeSlot(old)
        try session.reportKey(name, "changed key \(old.hex.prefix(8)) to \(name.hex.prefix(8))")
        return .success
    }
}
