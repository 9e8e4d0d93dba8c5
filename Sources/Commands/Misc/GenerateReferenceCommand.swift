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

            This page is what `holdfast generate-reference` prints; change the commands, not the page. Exit statuses, JSON
            lines and the environment are described in [scripting.md](scripting.md).
            """,
            section(RootCommand.self, path: ["holdfast"]),
            "## Global options\n\nEvery command has these options; they may stand before its name as well.\n\n"
                + "```\n\(globalOptions.joined(separator: "\n"))\n```",
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

    private static let globalHeading = "GLOBAL OPTIONS:"

    /// The global options, as the help of some command shows them.
    private static var globalOptions: [String] {
        Array(lines(of: VersionCommand.self).drop { $0 != globalHeading }.dropFirst().prefix { !$0.isEmpty })
    }

    /// The help of a command without blanks at the ends of lines, with which the parser pads some.
    private static func lines(of command: any ParsableCommand.Type) -> [String] {
        RootCommand.helpMessage(for: command, columns: columns)
            .split(separator: "\n", omittingEmptySubsequences: false)
            .map { line in
                var line = line
                while line.last == " " { line.removeLast() }
                return String(line)
            }
    }

    private static func section(_ command: any ParsableCommand.Type, path: [String]) -> String {
        var text = lines(of: command)
        if let start = text.firstIndex(of: globalHeading) {
            let end = text[start...].firstIndex(of: "") ?? text.endIndex - 1
            text.removeSubrange(start...end)
        }
        while text.last == "" { text.removeLast() }
        return "## \(path.joined(separator: " "))\n\n```\n\(text.joined(separator: "\n"))\n```"
    }
}
