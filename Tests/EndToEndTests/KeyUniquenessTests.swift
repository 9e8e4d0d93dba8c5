import Cryptography
import FileSystem
import Foundation
@unsafe @preconcurrency import Glibc
import ObjectStorage
import Records
import Repository
import TestSupport
import Testing

/// Row 24 of the attack table: no key and nonce ever encrypt two different frames.
@Suite struct KeyUniquenessTests {
    /// Chunks that are fed to runs which end well: HOLDFAST_UNIQUE_CHUNKS, or enough for every run of the tests.
    ///
    /// The row asks for a million.
    private static var chunkCount: Int {
        ProcessInfo.processInfo.environment["HOLDFAST_UNIQUE_CHUNKS"].flatMap { Int($0) } ?? 20_000
    }

    /// Feeds noise to a backup of 512-byte chunks, and kills it in the middle if asked to.
    private func store(_ scenario: Scenario, _ noise: [UInt8], killing: Bool) throws {
        let input = try makePipe()
        let arguments = ["backup", "-q", "--stdin", "--chunker", "fixed:512", "--compression", "off"]
        let program = try scenario.start(arguments, input: input[0])
        var written = 0
        while written < noise.count {
            let count = unsafe noise.withUnsafeBytes { bytes in
                unsafe write(
                    input[1],
                    bytes.baseAddress.map { unsafe $0 + written },
                    min(65_536, noise.count - written)
                )
            }
            guard count > 0 else { break }
            written += count
        }
        if killing { program.signal(SIGKILL) }
        close(input[1])
        let outcome = program.wait()
        close(input[0])
        #expect(killing || outcome.status == 0, "\(outcome.complaint)")
    }

    @Test("Row 24: after killed runs and rolled-back state no key and nonce have two ciphertexts")
    func row24NoKeyAndNonceTwice() throws {
        let scenario = try Scenario.withKeyFile()
        var random = SeededGenerator(seed: 24)
        let part = random.bytes(KeyUniquenessTests.chunkCount / 4 * 512)
        // A host is saved, goes on, and comes back as it was; its runs store the same and other chunks, and die.
        try store(scenario, part, killing: false)
        #expect(try scenario.shell("cp -a home saved").status == 0)
        for round in 0..<3 {
            try store(scenario, random.bytes(part.count), killing: true)
            try store(scenario, round == 1 ? part : random.bytes(part.count), killing: false)
            #expect(try scenario.shell("rm -rf home && cp -a saved home").status == 0)
        }
        let keyFile = SecretHolder(try Secret(copyingFile: scenario.path("key")))
        let repository = try Repository.open(
            store: LocalObjectStore.open(at: scenario.path("repository")),
            credential: .keyFile(keyFile),
            environment: RepositoryEnvironment()
        )
        // A pack's key follows from content key and salt, its nonces are the offsets of its frames: so (salt, offset)
        // must not occur with two ciphertexts, in packs or in what killed runs have left of packs.
        var frames: [Place: Digest] = [:]
        var salts: [[UInt8]: String] = [:]
        for path in scenario.objects("packs") + scenario.objects("tmp") {
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            // A killed run may leave a file in which no header is whole.
            guard let header = try? PackHeader(decoding: bytes) else { continue }
            let whole = unsafe try SHA256.hash(bytes.span.bytes)
            if let other = salts.updateValue(path, forKey: header.salt) {
                Issue.record("\(path) and \(other) have one salt")
            }
            guard path.contains("/packs/") else { continue }
            let pack = try repository.readPackDirectory(PackReference(name: whole, byteCount: UInt64(bytes.count)))
            var offset = Int(pack.framesOffset)
            for entry in pack.entries {
                let frame = unsafe try SHA256.hash(bytes.span.bytes.extracting(offset..<(offset + entry.frameLength)))
                if let other = frames.updateValue(frame, forKey: Place(salt: header.salt, offset: offset)) {
                    #expect(other == frame)
                }
                offset += entry.frameLength
            }
        }
        // One run stored what was there already; killed ones may have left nothing.
        #expect(frames.count >= KeyUniquenessTests.chunkCount / 4 * 3)
        #expect(salts.count > 4)
    }

    private struct Place: Hashable {
        var salt: [UInt8]
        var offset: Int
    }
}

extension Secret {
    /// The content of a file.
    fileprivate init(copyingFile path: String) throws {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        try unsafe self.init(copying: bytes.span.bytes)
    }
}
