import ArgumentParser

/// Prints what makes a shell complete commands and options.
struct CompletionsCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions",
        abstract: "Print a completion script for a shell.",
        discussion: """
            For bash, for instance: holdfast completions bash > /etc/bash_completion.d/holdfast
            """
    )

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell

    @OptionGroup(title: "Global options") var global: GlobalOptions

    /// The shells that there is a script for.
    enum Shell: String, ExpressibleByArgument, CaseIterable {
        case bash, zsh, fish

        var parserShell: CompletionShell {
            switch self {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        }
    }

    func run(_ session: Session) throws -> ExitStatus {
        try session.output.bytes(Array(RootCommand.completionScript(for: shell.parserShell).utf8) + [0x0A])
        return .success
    }
}
