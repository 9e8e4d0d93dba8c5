import ArgumentParser
import FileSystem
import Repository

/// Lists and removes caches.
struct CacheCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache",
        abstract: "List the caches of repositories on this host, or remove them.",
        discussion: "Everything in a cache can be rebuilt; removing it costs time, never data."
    )

    @Flag(help: "Remove all caches.")
    var clear = false

    @Flag(help: "Remove caches that were not used lately.")
    var cleanup = false

    @Option(help: ArgumentHelp("With --cleanup: how many days without use are too many.", valueName: "days"))
    var maxAge = 30

    @OptionGroup(title: "Global options") var global: GlobalOptions

    /// Refuses two ways of removing at once.
    func validate() throws {
        if clear, cleanup { throw ValidationError("--clear removes all, --cleanup some: give one of them.") }
        if maxAge < 0 { throw ValidationError("--max-age must not be negative.") }
    }

    /// The cache of one repository.
    private struct Cache {
        var name: [UInt8]
        var bytes: UInt64
        var modified: Timestamp
    }

    func run(_ session: Session) throws -> ExitStatus {
        guard let root = try LocalDirectories(session).cacheRoot() else {
            throw UsageError("there is no cache: HOME is not set, or --no-cache was given")
        }
        let caches = try caches(in: root.directory)
        let removes = clear || cleanup
        let oldest = Timestamp.now().seconds - Int64(maxAge) * 86_400
        let chosen = removes ? caches.filter { clear || $0.modified.seconds < oldest } : caches
        if removes { for cache in chosen { try root.directory.removeTree(cache.name) } }
        try print(chosen, root.path, removed: removes, session.output)
        return .success
    }

    private func caches(in directory: Directory) throws -> [Cache] {
        let names = try directory.names()
        var caches: [Cache] = []
        for index in 0..<names.count {
            let name = names[index]
            // A cache is called by the id of its repository; what else lies here is not touched.
            guard name.count == 64, name.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }),
                try directory.status(name).kind == .directory
            else { continue }
            let usage = try directory.openDirectory(name).usage()
            caches.append(Cache(name: name, bytes: usage.bytes, modified: usage.modified))
        }
        return caches.sorted { $0.modified < $1.modified }
    }

    private func print(_ caches: [Cache], _ path: String, removed: Bool, _ output: Output) throws {
        if output.isJSON {
            for cache in caches {
                try output.record([
                    "message_type": "cache", "repository_id": .string(String(decoding: cache.name, as: UTF8.self)),
                    "size": .unsigned(cache.bytes),
                    "last_used": .string(Moment.rfc3339(cache.modified.seconds * 1_000_000_000)),
                    "removed": .boolean(removed),
                ])
            }
            return try output.record([
                "message_type": "summary", "directory": .string(path), "caches": .integer(Int64(caches.count)),
                "size": .unsigned(caches.reduce(0) { $0 + $1.bytes }), "removed": .boolean(removed),
            ])
        }
        if !caches.isEmpty {
            var table = Table(["Repository", "Last used", ">Size"])
            for cache in caches {
                table.add([
                    String(decoding: cache.name.prefix(16), as: UTF8.self),
                    Moment.local(cache.modified.seconds * 1_000_000_000), Format.bytes(cache.bytes),
                ])
            }
            for line in table.lines { try output.line(line) }
        }
        let verb = removed ? "removed " : ""
        try output.line("\(verb)\(Format.count(caches.count, "cache")) in \(safeLine(path))")
    }
}
