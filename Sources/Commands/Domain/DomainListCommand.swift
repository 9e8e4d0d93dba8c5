import ArgumentParser
import Cryptography
import Records
import Repository

/// Lists the domains.
struct DomainListCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the domains.",
        discussion: "The one that backup uses by default is marked by a star."
    )

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        let repository = try session.openRepository()
        let output = session.output
        let domains = repository.policy.domains
        if output.isJSON {
            for domain in domains { try output.record(domain.record) }
            try output.record(["message_type": "summary", "domains": .integer(Int64(domains.count))])
        } else {
            let standard = try? repository.defaultDomain().id
            var table = Table([" Name", "ID", ">Epoch"])
            for domain in domains {
                let mark = domain.id == standard ? "*" : " "
                table.add([mark + safeLine(domain.name), String(domain.id.hex.prefix(8)), "\(domain.epoch)"])
            }
            for line in table.lines { try output.line(line) }
        }
        return .success
    }
}

extension PolicyDomain {
    /// The domain as a JSON line.
    var record: JSONValue {
        [
            "message_type": "domain", "id": .string(id.hex), "name": .string(name), "epoch": .unsigned(UInt64(epoch)),
        ]
    }
}
