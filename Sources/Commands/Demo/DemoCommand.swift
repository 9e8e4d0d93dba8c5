import ArgumentParser
import Repository

/// Shows the whole way, from nothing to a restored store, on made-up data.
struct DemoCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Make a customer data store, back it up, destroy it, restore it and prove that it is the same.",
        discussion: """
            Everything lies in one temporary directory, which is removed at the end. Each step says the command that a \
            person would type.
            """
    )

    @Option(help: ArgumentHelp("Where to work: a directory that is new or empty.", valueName: "directory"))
    var directory: String?

    @Flag(help: "Leave everything there for a closer look.")
    var keep = false

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        let place = try ScratchPlace(directory, purpose: "demo")
        do {
            let status = try Demo(place: place, session: session).run()
            try leave(place, session)
            return status
        } catch {
            try? leave(place, session)
            throw error
        }
    }

    private func leave(_ place: ScratchPlace, _ session: Session) throws {
        if keep {
            session.output.note("everything is still in \(place.path)")
        } else {
            try place.remove()
        }
    }
}
