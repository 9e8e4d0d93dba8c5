import ArgumentParser

/// A command that works within a session: it has the global options, and says how complete its work is.
protocol SessionCommand: ParsableCommand {
    /// The options that every command has.
    var global: GlobalOptions { get }

    /// Does the command's work.
    ///
    /// - Returns: `.success`, `.partial`, or what else the results amount to; everything else is thrown.
    func run(_ session: Session) throws -> ExitStatus
}

extension SessionCommand {
    /// The entry that the argument parser asks for; the program itself calls `run(_:)` with its session.
    func run() throws {
        let session = Session(global)
        let status = try run(session)
        if status != .success { throw ExitCode(status.rawValue) }
    }
}
