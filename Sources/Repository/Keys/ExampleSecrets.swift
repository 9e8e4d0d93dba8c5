package import Cryptography

/// The secrets printed in `keys.example`: public, and so refused wherever a real one is asked for.
package enum ExampleSecrets {
    /// The password of the example.
    package static let password = "example-do-not-use-me"
    /// The slot secret of the example, as it stands in its key file: the bytes 0 to 31.
    package static let slotSecret: [UInt8] = Array(0..<32)

    /// Refuses the example's slot secret.
    ///
    /// - Throws: `RepositoryError.wrongKey` if `secret` is the example's.
    package static func refuse(_ secret: borrowing Secret) throws {
        guard !secret.withBytes({ unsafe constantTimeEquals($0, slotSecret.span.bytes) }) else {
            throw RepositoryError(
                .wrongKey,
                "this is the key of keys.example, which everybody knows: make one of your own"
            )
        }
    }

    /// Refuses the example's password.
    ///
    /// - Throws: `RepositoryError.wrongKey` if `password` is the example's.
    package static func refuse(password: borrowing Secret) throws {
        let example = Array(ExampleSecrets.password.utf8)
        guard !password.withBytes({ unsafe constantTimeEquals($0, example.span.bytes) }) else {
            throw RepositoryError(
                .wrongKey,
                "this is the password of keys.example, which everybody knows: choose one of your own"
            )
        }
    }
}
