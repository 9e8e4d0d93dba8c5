import Glibc

/// Runs the fuzz targets; `fuzz.sh` calls it.
@main
enum Fuzz {
    private static let usage = """
        usage: Fuzz list                          the targets
               Fuzz parsers [TARGET]              source files whose lines count, of one target or all
               Fuzz options TARGET                options for libFuzzer
               Fuzz seeds TARGET DIRECTORY        writes valid inputs
               Fuzz run TARGET [OPTION | PATH]…   libFuzzer
               Fuzz replay TARGET PATH…           runs each file once, of directories all
        """

    static func main() {
        do {
            exit(try run(Array(CommandLine.arguments.dropFirst())))
        } catch {
            report(error)
            exit(1)
        }
    }

    private static func run(_ arguments: [String]) throws -> CInt {
        if arguments == ["list"] {
            for target in FuzzTargets.all { print(target.name) }
            return 0
        }
        if arguments.first == "parsers" {
            let targets = FuzzTargets.all.filter { arguments.count == 1 || arguments[1] == $0.name }
            for file in Set(targets.flatMap { $0.parsers }).sorted() { print(file) }
            return 0
        }
        guard arguments.count >= 2, let target = FuzzTargets.named(arguments[1]) else {
            writeLine(usage, to: STDERR_FILENO)
            return 2
        }
        let rest = Array(arguments.dropFirst(2))
        switch arguments[0] {
        case "options":
            for option in target.options { print(option) }
        case "seeds":
            guard let directory = rest.first else { return 2 }
            let instance = try target.init()
            for (number, seed) in try instance.seeds().enumerated() {
                // A seed is valid: it must pass by itself.
                try instance.run(seed)
                try write(seed, to: "\(directory)/seed-\(number)")
            }
        case "run":
            return try fuzz(target, arguments: rest)
        case "replay":
            let instance = try target.init()
            for path in try rest.flatMap(files(at:)) { try instance.run(try read(path)) }
        default:
            writeLine(usage, to: STDERR_FILENO)
            return 2
        }
        return 0
    }
}
