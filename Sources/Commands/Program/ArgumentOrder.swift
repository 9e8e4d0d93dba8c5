import ArgumentParser

/// Lets global options stand before the command as well, as in `holdfast -r /srv/repository snapshots`.
enum ArgumentOrder {
    /// Moves options that stand before the command's name behind it, where the parser expects them.
    static func optionsAfterCommand(_ arguments: [String]) -> [String] {
        var leading: [String] = []
        var position = 0
        while position < arguments.count, arguments[position].hasPrefix("-"), arguments[position] != "--" {
            let option = arguments[position]
            position += 1
            leading.append(option)
            if GlobalOptions.namesWithValue.contains(option), position < arguments.count {
                leading.append(arguments[position])
                position += 1
            }
        }
        guard !leading.isEmpty, position < arguments.count else { return arguments }
        let path = commandPath(arguments[position...])
        guard !path.isEmpty else { return arguments }
        return path + leading + arguments[(position + path.count)...]
    }

    /// The names at the start of the arguments that lead to a command, such as `key add`.
    private static func commandPath(_ arguments: ArraySlice<String>) -> [String] {
        var path: [String] = []
        var command: any ParsableCommand.Type = RootCommand.self
        for name in arguments {
            guard let next = command.configuration.subcommands.first(where: { $0.configuration.commandName == name })
            else { break }
            path.append(name)
            command = next
        }
        return path
    }
}
