import Cryptography

// In place of the files and the terminal from which the program reads secrets: the targets give bytes to the parsers.

/// Reads no file.
enum SecretFile {
    static func read(_ path: String, what: String) throws -> Secret { throw UsageError("there are no files here") }
}

/// No terminal.
struct Terminal {
    init?() { nil }
    func readSecret(_ prompt: String) throws -> Secret { throw UsageError("there is no terminal here") }
}
