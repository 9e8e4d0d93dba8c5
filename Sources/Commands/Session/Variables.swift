import Cryptography
import Glibc

/// The environment of this process.
struct Variables: Sendable {
    /// Whether what says a repository and its key is meant for the one that is copied from: `HOLDFAST_FROM_…` stands for
    /// `HOLDFAST_…` then.
    var isSource = false

    /// The variables of a repository and its key, without their prefix.
    private static let ofRepository: Set<String> = [
        "HOLDFAST_REPOSITORY", "HOLDFAST_REPOSITORY_FILE", "HOLDFAST_PASSWORD", "HOLDFAST_PASSWORD_FILE",
        "HOLDFAST_PASSWORD_COMMAND", "HOLDFAST_KEY_FILE", "HOLDFAST_RECOVERY_WORDS_FILE",
    ]

    private func actual(_ name: String) -> String {
        isSource && Variables.ofRepository.contains(name) ? "HOLDFAST_FROM_" + name.dropFirst(9) : name
    }

    /// The value of a variable; nothing if it is not set.
    subscript(name: String) -> String? {
        guard let value = unsafe getenv(actual(name)) else { return nil }
        return unsafe String(cString: value)
    }

    /// The value of a variable that is set and not empty.
    func nonEmpty(_ name: String) -> String? {
        guard let value = self[name], !value.isEmpty else { return nil }
        return value
    }

    /// Whether a variable is set, be it to nothing.
    func isSet(_ name: String) -> Bool { unsafe getenv(actual(name)) != nil }

    /// The value of a variable as a secret, without a string of it coming into being.
    func secret(_ name: String) throws -> Secret? {
        guard let value = unsafe getenv(actual(name)) else { return nil }
        let count = unsafe strlen(value)
        return try unsafe Secret(count: count) { target in
            unsafe target.copyMemory(from: UnsafeRawBufferPointer(start: value, count: count))
        }
    }
}
