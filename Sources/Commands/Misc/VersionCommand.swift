import ArgumentParser

/// Tells the version.
struct VersionCommand: SessionCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the program's version.")

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        if session.output.isJSON {
            try session.output.record(["message_type": "version", "version": .string(ProgramVersion.number)])
        } else {
            try session.output.line(ProgramVersion.text)
        }
        return .success
    }
}
