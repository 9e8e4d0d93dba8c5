import ArgumentParser
import Cryptography
import FileSystem
import Records
import Repository

/// Enrols a member.
struct MemberAddCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Enrol the member whose host has printed a request.",
        discussion: "Only owners may do this. The line is that of holdfast member join; - reads it from standard input."
    )

    @Argument(help: ArgumentHelp("The line, or - for standard input.", valueName: "request"))
    var request: String

    @OptionGroup var rights: MemberRights
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        let text = request == "-" ? String(decoding: try readSmallFile("-", limit: 64 * 1024), as: UTF8.self) : request
        let request = try MemberRequest(parsing: text)
        let repository = try session.openRepository()
        let member = try repository.addMember(rights.member(request))
        try session.report(member, in: repository)
        return .success
    }
}

extension Session {
    /// Says that a member was enrolled.
    func report(_ member: PolicyMember, in repository: Repository) throws {
        if output.isJSON {
            try output.record(member.record(in: repository.policy, lastCommit: nil))
            try output.record(["message_type": "summary", "member": .string(member.id.hex)])
        } else {
            let name = safeLine(member.name)
            try output.line("enrolled \(name) as \(member.role.name), member \(member.id.hex.prefix(8))")
        }
    }
}
