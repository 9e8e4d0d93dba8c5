import ArgumentParser
import Records
import Repository

/// Makes a member's key file and enrols it at once.
struct MemberInviteCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "invite",
        abstract: "Make a member's key file here and enrol it at once.",
        discussion: """
            For those who can carry the file to its host safely; the file is all the host needs. Where one cannot, holdfast \
            member join makes the key on the host itself.
            """
    )

    @Option(help: ArgumentHelp("What the member is to be called.", valueName: "name"))
    var name: String

    @Option(help: ArgumentHelp("Make the member's key file here.", valueName: "file"))
    var newKeyFile: String

    @OptionGroup var rights: MemberRights
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        let repository = try session.openRepository()
        let file = try MemberKeyFile.make(repository: repository.id, rootOwner: repository.keyring.rootOwner)
        let request = try MemberRequest(file, name: name)
        let new = try NewFile(path: newKeyFile, what: "key file")
        do {
            // Before the member is enrolled: a key that could not be written would be a member that nobody is.
            try new.write(file.text())
            let member = try repository.addMember(rights.member(request))
            try session.report(member, in: repository)
        } catch {
            new.discard()
            throw error
        }
        return .success
    }
}
