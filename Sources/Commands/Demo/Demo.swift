import ArgumentParser
import Cryptography
import FileSystem
import Glibc
import Repository

/// The steps of the demo.
///
/// Every command runs through the parser, as if it had been typed.
struct Demo {
    /// Where everything lies.
    let place: ScratchPlace
    /// How to speak.
    let session: Session

    private var store: String { place.path + "/store" }

    /// Runs all steps.
    ///
    /// - Returns: `.success` only if the restored store is the same in every attribute and the database opens.
    func run() throws -> ExitStatus {
        try setUp()
        say("1. A customer data store: a closed SQLite database, exports, uploads")
        let data = DemoStore(directory: try Directory.openOrMake(path: Array(store.utf8)), path: store)
        try data.make()
        tell("made \(store): \(try TreeFingerprint(data.directory).summary)")

        say("2. An encrypted repository")
        try type(["init"])
        say("3. The first backup")
        try type(["backup", store, "--tag", "demo"])

        say("4. A day passes: rows change, exports grow, files come and go")
        try data.change()
        let before = try TreeFingerprint(data.directory)
        tell("the store is now \(before.summary)")

        say("5. The second backup: only what changed is read and stored")
        try type(["backup", store, "--tag", "demo"])
        try type(["snapshots"])
        try type(["diff", "latest~1", "latest"])

        say("6. Disaster: the store is destroyed")
        tell("$ rm -r \(store)")
        try place.directory.removeTree(Array("store".utf8))

        say("7. The restore")
        try type(["restore", "latest:\(store)", "--target", store])

        say("8. The proof")
        return try prove(before, data)
    }

    /// Makes the password, and points the environment of this process at the demo's own directory.
    private func setUp() throws {
        let bytes = try Random.bytes(16)
        let password = unsafe Hex.encode(bytes.span.bytes)
        try place.directory.writeFileAtomically(Array("password".utf8), Array((password + "\n").utf8))
        for name in [
            "HOLDFAST_PASSWORD", "HOLDFAST_PASSWORD_COMMAND", "HOLDFAST_KEY_FILE", "HOLDFAST_RECOVERY_WORDS_FILE",
            "HOLDFAST_REPOSITORY_FILE", "HOLDFAST_COMPRESSION", "HOLDFAST_HOST", "HOLDFAST_READ_CONCURRENCY",
        ] { unsafe unsetenv(name) }
        tell("The commands below find repository and password through the environment:")
        for (name, value) in [
            ("HOLDFAST_REPOSITORY", "repository"), ("HOLDFAST_PASSWORD_FILE", "password"),
            ("HOLDFAST_CACHE_DIR", "cache"), ("HOLDFAST_STATE_DIR", "state"),
        ] {
            unsafe setenv(name, "\(place.path)/\(value)", 1)
            tell("$ export \(name)=\(place.path)/\(value)")
        }
    }

    /// Shows a command and runs it.
    private func type(_ arguments: [String]) throws {
        try session.checkCancellation()
        tell("$ holdfast \(arguments.joined(separator: " "))")
        session.output.flush()
        let all = session.output.isJSON ? arguments + ["--json"] : arguments
        guard let command = try RootCommand.parseAsRoot(all) as? any SessionCommand else {
            throw UsageError("\(arguments[0]) is no command")
        }
        let inner = Session(command.global)
        let status = try command.run(inner)
        guard inner.output.finish() else { throw OutputClosed() }
        guard status == .success else {
            throw RepositoryError(.integrity, "holdfast \(arguments[0]) ended with status \(status.rawValue)")
        }
    }

    private func prove(_ before: TreeFingerprint, _ data: DemoStore) throws -> ExitStatus {
        let restored = try Directory.open(path: Array(store.utf8))
        let after = try TreeFingerprint(restored)
        let differences = before.differences(from: after)
        for difference in differences { session.output.problem(difference) }
        let rows = try DemoDatabase.verifiedRowCounts(path: data.databasePath)
        tell("the database opens and is sound: " + rows.map { "\($0.count) in \($0.table)" }.joined(separator: ", "))
        try type(["check", "--read-data"])
        let isSame = differences.isEmpty && rows.map(\.count) == data.expectedRowCounts
        if session.output.isJSON {
            try session.output.record([
                "message_type": "summary", "identical": .boolean(isSame), "entries": .integer(Int64(after.count)),
                "bytes": .unsigned(after.byteCount), "digest": .string(try after.digest().hex),
            ])
        } else if isSame {
            try session.output.line(
                "The restored store is identical: \(after.summary), each compared in content, kind, permissions, owner "
                    + "and time; digest \(try after.digest().hex.prefix(16))."
            )
        }
        return isSame ? .success : .integrityFailure
    }

    private func say(_ heading: String) {
        if session.output.isJSON {
            session.output.report(["message_type": "step", "title": .string(heading)])
        } else {
            session.output.report("\n\(heading)")
        }
    }

    private func tell(_ text: String) {
        if session.output.isJSON {
            session.output.report(["message_type": "note", "text": .string(text)])
        } else {
            session.output.report(text)
        }
    }
}
