import ArgumentParser
import Cryptography
import Records
import Repository

/// Removes a key.
struct KeyRemoveCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a key, so that it opens the repository no longer."
    )

    @Argument(
        help: ArgumentHelp("The key, by the first digits of its id as holdfast key list shows it.", valueName: "id")
    )
    var id: String

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        let repository = try session.openRepository()
        let wanted = id.lowercased()
        let found = repository.policy.slots.filter { $0.hex.hasPrefix(wanted) }
        guard wanted.count >= 4, let name = found.first else {
            throw RepositoryError(
                .invalidRequest,
                "there is no key \(id): holdfast key list shows them, and at least 4 digits are needed"
            )
        }
        guard found.count == 1 else {
            throw RepositoryError(.invalidRequest, "key id \(id) is ambiguous: give more digits")
        }
        guard name != repository.slot else {
            throw RepositoryError(
                .invalidRequest,
                "key \(name.hex.prefix(8)) is the one in use: open the repository with another key to remove it"
            )
        }
        try repository.removeSlot(name)
        try session.reportKey(name, "removed key \(name.hex.prefix(8))")
        return .success
    }
}
