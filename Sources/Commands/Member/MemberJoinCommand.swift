import ArgumentParser
import Cryptography
import ObjectStorage
import Records
import Repository

/// Makes a member's key file and asks for its enrolment.
struct MemberJoinCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "join",
        abstract: "Make a key file on a new member's host, and print the line that asks an owner to enrol it.",
        discussion: """
            The line holds nothing secret. The key file is named by --new-key-file or --key-file and opens the repository \
            as soon as an owner has handed the line to holdfast member add. Only the storage is needed here, no key.
            """
    )

    @Option(help: ArgumentHelp("What the member is to be called; this host's name by default.", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("Make the key file here.", valueName: "file"))
    var newKeyFile: String?

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        guard let path = newKeyFile ?? global.keyFile else {
            throw UsageError("name the key file to make: --new-key-file FILE")
        }
        let name = name ?? hostName()
        let repository = try PublicRepository(store: try session.openStore())
        let file = try MemberKeyFile.make(
            repository: repository.format.repository,
            rootOwner: try repository.rootOwner()
        )
        let request = try MemberRequest(file, name: name)
        try writeKeyFile(file, to: path)
        let line = try request.text(signedWith: file)
        let owner = try MemberID(of: file.rootOwner)
        if session.output.isJSON {
            try session.output.record([
                "message_type": "summary", "request": .string(line),
                "member": .string(try MemberID(of: request.key).hex), "name": .string(name),
                "repository_id": .string(file.repository.hex), "owner": .string(owner.hex),
                "file": .string(path),
            ])
        } else {
            try session.output.line(line)
            session.output.note(
                """
                made the key file \(path). An owner of repository \(file.repository.hex.prefix(16)) (owner \
                \(owner.hex.prefix(16))) enrols it with the line above:
                    holdfast member add --role writer LINE
                """
            )
        }
        return .success
    }
}

/// Writes a member's key file: new, mode 0600, durable.
func writeKeyFile(_ file: borrowing MemberKeyFile, to path: String) throws {
    let new = try NewFile(path: path, what: "key file")
    do {
        try new.write(file.text())
    } catch {
        new.discard()
        throw error
    }
}
