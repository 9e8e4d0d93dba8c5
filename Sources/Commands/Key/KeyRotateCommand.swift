import ArgumentParser
import Cryptography
import Records
import Repository

/// Begins a new epoch.
struct KeyRotateCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Change the repository's inner keys, so that a revoked member cannot read what comes.",
        discussion: """
            All members that are not revoked get the new keys by themselves, through the repository. What is stored already \
            stays readable to whoever has the old keys. Chunks are named anew, so what changes is stored once more even if \
            it was there. After the theft of an owner's key no rotation helps: make a new repository and store everything \
            in it.
            """
    )

    @Option(
        help: ArgumentHelp(
            "Only this domain, and not the managers' keys; may be given several times.",
            valueName: "name"
        )
    )
    var domain: [String] = []

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        let repository = try session.openRepository()
        let domains = try repository.rotateKeys(domains: domain)
        if session.output.isJSON {
            for domain in domains { try session.output.record(domain.record) }
            try session.output.record([
                "message_type": "summary", "policy": .unsigned(repository.policy.number),
                "domains": .integer(Int64(domains.count)),
            ])
        } else {
            for domain in domains {
                try session.output.line("domain \(safeLine(domain.name)) is in epoch \(domain.epoch)")
            }
        }
        return .success
    }
}
