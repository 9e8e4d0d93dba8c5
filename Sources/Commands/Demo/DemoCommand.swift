import ArgumentParser
import FileSystem
import Glibc
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
        let place = try DemoPlace(directory)
        do {
            let status = try Demo(place: place, session: session).run()
            try leave(place, session)
            return status
        } catch {
            try? leave(place, session)
            throw error
        }
    }

    private func leave(_ place: DemoPlace, _ session: Session) throws {
        if keep {
            session.output.note("everything is still in \(place.path)")
        } else {
            try place.remove()
        }
    }
}

/// The directory that a demo works in.
struct DemoPlace {
    /// Its absolute path.
    let path: String
    /// The directory, open.
    let directory: Directory
    private let isOurs: Bool

    /// Takes a directory that is new or empty, or makes a temporary one.
    init(_ chosen: String?) throws {
        let base = Variables().nonEmpty("TMPDIR") ?? "/tmp"
        let name = String(decoding: TemporaryName.random(prefix: "holdfast-demo-").prefix(22), as: UTF8.self)
        path = String(decoding: try absolutePath(Array((chosen ?? "\(base)/\(name)").utf8)), as: UTF8.self)
        isOurs = chosen == nil
        directory = try Directory.openOrMake(path: Array(path.utf8))
        guard try directory.names().isEmpty else {
            throw UsageError("\(path) is not empty: the demo wants a directory of its own")
        }
    }

    /// Removes what the demo has made.
    func remove() throws {
        let names = try directory.names()
        for index in 0..<names.count { try directory.removeTree(names[index]) }
        if isOurs { _ = unsafe rmdir(path) }
    }
}
