import ArgumentParser
import Cryptography
import Records
import Repository

/// Makes a kit: a new key slot that its words open.
struct RecoveryKitCreateCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make a recovery kit and print it.",
        discussion: """
            The kit is a page to print: the words of a new key, and what is needed to recognise the repository and a \
            roll-back of it. Each kit has words of its own; holdfast key remove takes one back.
            """
    )

    @Option(help: ArgumentHelp("Write the kit to a new file instead of standard output.", valueName: "file"))
    var output: String?

    @Option(help: ArgumentHelp("What holdfast key list calls the kit.", valueName: "text"))
    var label = "recovery kit"

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        let repository = try session.openRepository()
        let file = try output.map { try NewFile(path: $0, what: "recovery kit") }
        let slot: ObjectHash
        let text: String
        do {
            let log = try CommitLog.load(repository)
            for problem in log.problems { session.output.problem(problem.message) }
            let secret = SecretHolder(try Secret.random(count: 32))
            slot = try repository.addSlot(NewSlot(.secret(secret, .recoveryWords), label: label))
            let heads = log.heads.values.sorted { ($0.number, $0.hash) > ($1.number, $1.hash) }
            text = try RecoveryKit(
                for: repository,
                secret: secret,
                heads: Array(heads.prefix(RecoveryKit.headLimit)),
                made: "\(Moment.local(session.now)) by \(ProgramVersion.text)"
            ).text()
        } catch {
            file?.discard()
            throw error
        }
        if let file {
            try file.write(Array(text.utf8))
            session.output.note("wrote the recovery kit to \(file.path): print it, then remove the file")
        }
        if session.output.isJSON {
            var line: JSONValue = ["message_type": "summary", "key": .string(slot.hex)]
            line.add("recovery_kit", file == nil ? .string(text) : nil)
            line.add("file", file.map { .string($0.path) })
            try session.output.record(line)
        } else if file == nil {
            try session.output.line(text)
        }
        return .success
    }
}
