import ArgumentParser
import Cryptography
import Records
import Repository

/// Adds a domain.
struct DomainAddCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add a domain.",
        discussion: "Members that are not limited to certain domains may use it at once."
    )

    @Argument(help: ArgumentHelp("What the domain is called.", valueName: "name"))
    var name: String

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        let domain = try session.openRepository().addDomain(named: name)
        if session.output.isJSON {
            try session.output.record(domain.record)
            try session.output.record(["message_type": "summary", "domain": .string(domain.id.hex)])
        } else {
            try session.output.line("added domain \(safeLine(name))")
        }
        return .success
    }
}
