import ArgumentParser

/// Writes docs/cli-reference.md from the commands themselves.
struct GenerateReferenceCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate-reference",
        abstract: "Print the reference of all commands as Markdown.",
        shouldDisplay: false
    )

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        try session.output.bytes(Reference.text.utf8)
        return .success
    }
}

/// The reference of all commands.
private enum Reference {
    /// Help is set to this width, so that the text does not depend on a terminal.
    private static let columns = 110

    static var text: String {
        var parts = [
            """
            # Command reference

            This page is what `holdfast generate-reference` prints; change the commands, not the page. What all commands \
            have in common (exit statuses, JSON lines, environment) stands in [scripting.md](scripting.md).
            """,
            section(RootCommand.self, path: ["holdfast"]),
        ]
        append(RootCommand.self, path: ["holdfast"], to: &parts)
        return parts.joined(separator: "\n\n") + "\n"
    }

    private static func append(_ command: any ParsableCommand.Type, path: [String], to parts: inout [String]) {
        for subcommand in command.configuration.subcommands where subcommand.configuration.shouldDisplay {
            let path = path + [subcommand.configuration.commandName ?? ""]
            parts.append(section(subcommand, path: path))
            append(subcommand, path: path, to: &parts)
        }
    }

    private static func section(_ command: any ParsableCommand.Type, path: [String]) -> String {
        var help = RootCommand.helpMessage(for: command, columns: columns)
        while help.last == "\n" { help.removeLast() }
        // The parser pads some lines with blanks.
        let lines = help.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            var line = line
            while line.last == " " { line.removeLast() }
            return String(line)
        }
        return "## \(path.joined(separator: " "))\n\n```\n\(lines.joined(separator: "\n"))\n```"
    }
}
