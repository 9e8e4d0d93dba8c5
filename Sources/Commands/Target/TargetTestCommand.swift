import ArgumentParser
import ObjectStorage
import RemoteStorage
import Repository

/// Tries whether storage keeps what backups rely on, and how fast it is.
struct TargetTestCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Try whether a place keeps what backups rely on, and how fast it is.",
        discussion: """
            Objects are stored, read, listed and removed below a folder with a random name; nothing else is touched, and \
            nothing of it stays but empty folders. The place is made if it is missing. No key is needed.
            """
    )

    @Argument(help: ArgumentHelp("The place; that of the repository without it.", valueName: "location"))
    var place: String?

    @Option(
        help: ArgumentHelp(
            "How much is stored and read to measure speed, such as 64M; 0 for none. (default: 32M)",
            valueName: "size"
        )
    )
    var size: ByteSize?

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        let size = size?.count ?? 32 << 20
        guard size <= 1 << 40 else { throw UsageError("--size must be 1T at most") }
        let location = try place.map { try session.location(parsing: $0) } ?? session.location()
        let store = try session.createStore(at: location)
        let output = session.output
        try printTraits(of: store, output)
        let probe = try StoreProbe(store)
        defer {
            let left = probe.cleanUp()
            if let first = left.first { output.warning("\(left.count) objects could not be removed, such as \(first)") }
        }
        var broken = 0
        try probe.check { check in
            try session.checkCancellation()
            if check.problem != nil { broken += 1 }
            if output.isJSON {
                try output.record([
                    "message_type": "check", "promise": .string(check.name), "kept": .boolean(check.problem == nil),
                    "problem": check.problem.map { .string($0) } ?? .null,
                ])
            } else {
                try output.line((check.problem.map { "BROKEN  \(check.name): \($0)" }) ?? "kept    \(check.name)")
            }
        }
        let speed = broken == 0 && size > 0 ? try probe.measure(byteCount: Int(size)) : nil
        try summarize(broken, speed, output)
        return broken == 0 ? .success : .failure
    }

    private func printTraits(of store: any ObjectStore, _ output: Output) throws {
        guard let traits = try (store as? any StoreTraitsTelling)?.traits() else { return }
        if output.isJSON {
            try output.record([
                "message_type": "traits", "location": .string(store.location),
                "durability": .string(traits.durability), "creation": .string(traits.creation),
                "protection": .string(traits.protection),
                "available_bytes": traits.availableBytes.map { .unsigned($0) } ?? .null,
            ])
            return
        }
        try output.line("\(store.location)")
        try output.line("stored means:        \(traits.durability)")
        try output.line("kept from replacing: \(traits.creation)")
        try output.line("kept from deleting:  \(traits.protection)")
        if let bytes = traits.availableBytes { try output.line("room left:           \(Format.bytes(bytes))") }
        try output.line("")
    }

    private func summarize(_ broken: Int, _ speed: StoreProbe.Speed?, _ output: Output) throws {
        if output.isJSON {
            try output.record([
                "message_type": "summary", "broken": .integer(Int64(broken)),
                "upload_bytes_per_second": speed.map { .number($0.upload) } ?? .null,
                "download_bytes_per_second": speed.map { .number($0.download) } ?? .null,
                "small_write_seconds": speed.map { .number($0.smallWrite) } ?? .null,
                "small_read_seconds": speed.map { .number($0.smallRead) } ?? .null,
            ])
            return
        }
        try output.line("")
        if let speed {
            try output.line(
                "speed: stores \(Format.bytes(UInt64(speed.upload)))/s, reads \(Format.bytes(UInt64(speed.download)))/s"
            )
            try output.line(
                "small objects: \(Format.decimal(speed.smallWrite * 1000, places: 1)) ms to store, "
                    + "\(Format.decimal(speed.smallRead * 1000, places: 1)) ms to read"
            )
        }
        try output.line(
            broken == 0
                ? "every promise was kept" : "\(Format.count(broken, "promise")) broken: do not keep backups here"
        )
    }
}
