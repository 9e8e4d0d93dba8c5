import Glibc
import Testing

@testable import Cryptography

@Suite("Secrets in memory", .serialized)
struct ZeroisationTests {
    /// Counts the copies of a canary while something holds it and after that is gone.
    ///
    /// The canary is drawn in locked memory and never passes through an array; the scan leaves out its own needle.
    private func copies<R: ~Copyable>(byteCount: Int, of make: (borrowing Secret) throws -> R) throws -> (
        during: Int, after: Int
    ) {
        let scan = try MemoryScan()
        let needle = try Secret.random(count: byteCount)
        let during = try countWhileHeld(needle, scan: scan, make: make)
        return (during, try scan.occurrences(of: needle))
    }

    private func countWhileHeld<R: ~Copyable>(
        _ needle: borrowing Secret,
        scan: borrowing MemoryScan,
        make: (borrowing Secret) throws -> R
    ) throws -> Int {
        let held = try make(needle)
        let count = try scan.occurrences(of: needle)
        withExtendedLifetime(held) {}
        return count
    }

    @Test("row 21: a secret lies in one place while it lives and nowhere after", arguments: [32, 1000, 5000])
    func secret(byteCount: Int) throws {
        let count = try copies(byteCount: byteCount) { try $0.copy() }
        #expect(count.during == 1)
        #expect(count.after == 0)
    }

    @Test("row 21: the scan would notice a forgotten copy in the Swift heap")
    func control() throws {
        let scan = try MemoryScan()
        let needle = try Secret.random(count: 32)
        let forgotten = needle.exposed()
        #expect(try scan.occurrences(of: needle) >= 1)
        withExtendedLifetime(forgotten) {}
    }

    @Test("row 21: no cipher, code or key object leaves its key behind")
    func keyedObjects() throws {
        for suite in CipherSuite.allCases {
            let count = try copies(byteCount: 32) { key in
                var aead = try AEAD(suite: suite, key: key)
                _ = try aead.sealed([1, 2, 3], counter: 0)
                return aead
            }
            #expect(count.after == 0, "\(suite)")
        }
        let permutation = try copies(byteCount: 16) { key in
            var permutation = try BlockPermutation(key: key)
            var blocks = [UInt8](repeating: 0, count: 64)
            try permutation.encrypt(&blocks, count: 64)
            return permutation
        }
        #expect(permutation.after == 0)
        let hmac = try copies(byteCount: 32) { key in
            var hmac = try HMACSHA256(key: key)
            _ = try hmac.code(of: [1])
            return hmac
        }
        #expect(hmac.after == 0)
        let signing = try copies(byteCount: 32) { seed in
            let key = try SigningKey(seed: seed)
            _ = try key.signature(of: [1])
            return key
        }
        #expect(signing.after == 0)
        let agreement = try copies(byteCount: 32) { raw in
            let key = try AgreementKey(rawRepresentation: raw)
            _ = try key.sharedSecret(with: AgreementKey.generate().publicKey)
            return key
        }
        #expect(agreement.after == 0)
    }

    @Test("row 21: derivation, sealing and opening leave no copy of the secret behind")
    func operations() throws {
        let info: [UInt8] = Array("purpose".utf8)
        let derivation = try copies(byteCount: 32) {
            try unsafe HKDF.derive(from: $0, salt: info.span.bytes, info: info.span.bytes, count: 64)
        }
        #expect(derivation.during == 0)
        #expect(derivation.after == 0)
        let scrypt = try copies(byteCount: 32) {
            try unsafe Scrypt.deriveUnchecked(
                passphrase: $0,
                salt: info.span.bytes,
                parameters: .init(n: 1024, r: 8, p: 1),
                count: 32
            )
        }
        #expect(scrypt.during == 0)
        #expect(scrypt.after == 0)
        let recipient = try AgreementKey.generate()
        let hybrid = try copies(byteCount: 32) { payload in
            let sealed = try unsafe HPKE.seal(
                payload,
                to: recipient.publicKey,
                info: info.span.bytes,
                associatedData: info.span.bytes,
                suite: .aes256GCM
            )
            return try unsafe HPKE.open(
                sealed,
                with: recipient,
                info: info.span.bytes,
                associatedData: info.span.bytes,
                suite: .aes256GCM
            )
        }
        #expect(hybrid.during == 1)
        #expect(hybrid.after == 0)
    }

    @Test("row 20: error messages name lengths and never bytes of a key")
    func messages() throws {
        let canary = Array("CANARYCANARYCANARYCANARYCANARYCANARY".utf8)
        let hex = unsafe Hex.encode(canary.span.bytes)
        func message(_ body: () throws -> Void) -> String {
            do {
                try body()
                return ""
            } catch {
                return "\(error) \(String(reflecting: error))"
            }
        }
        let associated: [UInt8] = []
        let messages = [
            message { _ = try AEAD(suite: .aes256GCM, key: canary.secret()) },
            message { _ = try BlockPermutation(key: canary.secret()) },
            message { _ = try SigningKey(seed: canary.secret()) },
            message { _ = try AgreementKey(rawRepresentation: canary.secret()) },
            message {
                var aead = try AEAD(suite: .chaCha20Poly1305, key: Array(canary.prefix(32)).secret())
                _ = try unsafe aead.openSecret(canary.span.bytes, counter: 1, associatedData: associated.span.bytes)
            },
            message {
                _ = try unsafe Scrypt.derive(
                    passphrase: canary.secret(),
                    salt: canary.span.bytes,
                    parameters: .init(n: 3, r: 8, p: 1),
                    count: 32
                )
            },
        ]
        for message in messages {
            #expect(!message.isEmpty)
            #expect(!message.contains("CANARY"))
            #expect(!message.lowercased().contains(hex.prefix(12)))
        }
    }

    @Test("row 20: a hardened process forbids dumps, of itself and of its children")
    func hardening() async {
        await #expect(processExitsWith: .success) {
            #expect(!ProcessHardening.isApplied)
            try ProcessHardening.apply()
            #expect(ProcessHardening.isApplied)
            var limit = rlimit()
            #expect(unsafe getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit) == 0)
            #expect(limit.rlim_cur == 0)
            #expect(limit.rlim_max == 0)
            // The kernel gives /proc/<pid> of a process that must not be dumped to root.
            var status = stat()
            #expect(unsafe stat("/proc/self/mem", &status) == 0)
            #expect(status.st_uid == 0)
            try ProcessHardening.apply()
        }
    }
}
