import Cryptography
import Glibc

/// The environment of this process.
struct Variables: Sendable {
    /// The value of a variable; nothing if it is not set.
    subscript(name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }

    /// The value of a variable that is set and not empty.
    func nonEmpty(_ name: String) -> String? {
        guard let value = self[name], !value.isEmpty else { return nil }
        return value
    }

    /// Whether a variable is set, be it to nothing.
    func isSet(_ name: String) -> Bool { unsafe getenv(name) != nil }

    /// The value of a variable as a secret, without a string of it coming into being.
    func secret(_ name: String) throws -> Secret? {
        guard let value = unsafe getenv(name) else { return nil }
        let count = unsafe strlen(value)
        return try unsafe Secret(count: count) { target in
            unsafe target.copyMemory(from: UnsafeRawBufferPointer(start: value, count: count))
        }
    }
}
