import ArgumentParser
import Cryptography
import FileSystem
import Glibc

/// The command-line program.
package enum HoldfastCommand {
    /// Runs the program with the arguments of this process, and ends the process.
    ///
    /// Called once, before any thread exists: signals are blocked here so that every thread inherits it.
    package static func runAsProgram() -> Never {
        let arguments = Array(CommandLine.arguments.dropFirst())
        StandardStreams.openMissing()
        do {
            try ProcessHardening.apply()
        } catch {
            StandardStreams.complain("error: \(error)")
            exit(ExitStatus.failure.rawValue)
        }
        umask(0o077)
        Cancellation.install()
        // A low limit is no reason to stop: the work then merely holds fewer files open.
        _ = try? raiseDescriptorLimit()
        exit(run(arguments).rawValue)
    }

    private static func run(_ arguments: [String]) -> ExitStatus {
        let command: any ParsableCommand
        do {
            command = try RootCommand.parseAsRoot(ArgumentOrder.optionsAfterCommand(arguments))
        } catch {
            return finish(parsing: error, arguments)
        }
        if let command = command as? any SessionCommand { return run(command) }
        do {
            var command = command
            try command.run()
            return .success
        } catch {
            return finish(parsing: error, arguments)
        }
    }

    private static func run(_ command: any SessionCommand) -> ExitStatus {
        let session = Session(command.global)
        let output = session.output
        var status: ExitStatus
        do {
            try command.global.validate()
            status = try command.run(session)
        } catch is OutputClosed {
            // Whoever reads the results has seen enough.
            status = .failure
        } catch {
            status = ExitStatus(error)
            output.fail(with: error, status)
        }
        if status != .cancelled, Cancellation.isRequested, status != .success { status = .cancelled }
        if !output.finish(), status == .success { status = .failure }
        return status
    }

    /// Prints what the parser has to say: a request for help is answered, a mistake explained.
    private static func finish(parsing error: any Error, _ arguments: [String]) -> ExitStatus {
        let text = RootCommand.fullMessage(for: error)
        guard RootCommand.exitCode(for: error) != .success else {
            return StandardStreams.print(text) ? .success : .failure
        }
        StandardStreams.complain(terminalSafe(text))
        if arguments.prefix(while: { $0 != "--" }).contains("--json") {
            let message = RootCommand.message(for: error)
            StandardStreams.complain(Output.exitError(.usage, message).text)
        }
        return .usage
    }
}
