import Synchronization
import TestSupport
import Testing

@testable import Cryptography

@Suite("Secrets and randomness", .serialized)
struct SecretTests {
    @Test("a secret holds what it was given", arguments: [0, 1, 15, 16, 17, 32, 2047, 2048, 2049, 4096, 4097, 100_000])
    func contents(count: Int) throws {
        var random = SeededGenerator(seed: 0x5EC2E7)
        let bytes = random.bytes(count)
        let secret = try bytes.secret()
        #expect(secret.count == count)
        #expect(secret.exposed() == bytes)
        let copy = try secret.copy()
        #expect(copy.equals(secret) == true)
        #expect(copy.exposed() == bytes)
        if count > 0 {
            #expect(try bytes.flipping(bit: count * 8 - 1).secret().equals(secret) == false)
            #expect(try bytes.flipping(bit: 0).secret().equals(secret) == false)
            #expect(try Array(bytes.dropLast()).secret().equals(secret) == false)
        }
        #expect(try (bytes + [0]).secret().equals(secret) == false)
    }

    @Test("memory for a secret starts as zeros, even where another secret lay")
    func startsWiped() throws {
        for count in [1, 16, 32, 100, 2048, 5000] {
            for _ in 0..<50 {
                _ = try unsafe Secret(count: count) { target in
                    #expect(unsafe target.allSatisfy { $0 == 0 })
                    for index in target.indices { unsafe target[index] = 0xC3 }
                }
            }
        }
    }

    @Test("what the filling closure throws comes through, and the memory goes back")
    func fillingThrows() throws {
        struct Refusal: Error {}
        _ = try Secret.random(count: 32)
        let before = SecretArena.shared.usage
        for _ in 0..<1000 {
            #expect(throws: Refusal.self) {
                _ = try unsafe Secret(count: 32) { _ in throw Refusal() }
            }
        }
        #expect(SecretArena.shared.usage.mappedByteCount <= before.mappedByteCount + 65_536)
    }

    @Test("sizes beyond reason are refused", arguments: [-1, Int.min, (1 << 30) + 1, Int.max])
    func sizes(count: Int) {
        #expect(errorCode { _ = try Secret.random(count: count) } == .invalidParameters)
        #expect(count >= 0 || errorCode { _ = try Random.bytes(count) } == .invalidParameters)
    }

    /// Keeps secrets alive together; an array cannot hold them.
    private final class Holder {
        let secret: Secret
        init(count: Int) throws { secret = try Secret.random(count: count) }
    }

    @Test("many small secrets share few locked pages, and give them back")
    func sharing() throws {
        let before = SecretArena.shared.usage.mappedByteCount
        for _ in 0..<5 {
            let holders = try (0..<2000).map { _ in try Holder(count: 32) }
            // 2,000 × 32 bytes are 16 pages; a page for each would be 8 MiB, the whole of a usual limit. Other tests run
            // at the same time, so leave them room.
            #expect(SecretArena.shared.usage.mappedByteCount - before < 512 * 1024)
            #expect(Set(holders.map { $0.secret.exposed() }).count == 2000)
        }
        #expect(SecretArena.shared.usage.lockedByteCount > 0, "RLIMIT_MEMLOCK allows not even one page")
    }

    @Test("secrets come and go on many threads without sharing a byte")
    func concurrency() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<8 as Range<UInt8> {
                group.addTask {
                    var random = SeededGenerator(seed: UInt64(worker))
                    for _ in 0..<500 {
                        let bytes = random.bytes(Int.random(in: 0...300, using: &random))
                        let secret = try bytes.secret()
                        let copy = try secret.copy()
                        #expect(secret.exposed() == bytes)
                        #expect(copy.equals(secret) == true)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("row 24: random bytes do not repeat")
    func randomness() throws {
        var seen: Set<[UInt8]> = []
        for _ in 0..<20_000 { #expect(try seen.insert(Random.bytes(16)).inserted) }
        #expect(try Random.bytes(0).isEmpty)
        // More than the 256 bytes that the kernel gives in one piece whatever happens.
        let large = try Random.bytes(1 << 20)
        let counts = large.reduce(into: [Int](repeating: 0, count: 256)) { $0[Int($1)] += 1 }
        // 4,096 are expected of each value, with a standard deviation of 64: ten of them never happen by chance.
        #expect(counts.allSatisfy { abs($0 - 4096) < 640 })
        #expect(try Secret.random(count: 32).equals(Secret.random(count: 32)) == false)
    }
}
