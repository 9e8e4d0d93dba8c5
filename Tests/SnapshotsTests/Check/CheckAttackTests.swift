import Chunking
import Cryptography
import FileSystem
import ObjectStorage
import Records
import Repository
import Snapshots
import TestSupport
import Testing

/// Rows 1 to 3 of the attack table: every object of a repository altered, cut off, or put in the place of another.
///
/// Each case goes the cheapest way by which the object is believed, bit by bit, and every so often through opening and a
/// whole check.
@Suite struct CheckAttackTests {
    /// A repository with one of each object that is written today.
    private struct Victim: Sendable {
        let fixture: CheckFixture
        let content: [UInt8]
        let repository: Repository

        init() throws {
            fixture = try CheckFixture()
            var random = SeededGenerator(seed: 71)
            content = random.bytes(300)
            try fixture.write("file", content)
            try fixture.write("text", [UInt8](repeating: 0x61, count: 5000))
            try fixture.backUp()
            repository = try fixture.open()
        }

        func bytes(_ name: ObjectName) throws -> [UInt8] { try #require(fixture.store.contents[name]) }

        /// A store in which one object is another.
        func store(_ name: ObjectName, _ bytes: [UInt8]?) -> MemoryObjectStore {
            let copy = fixture.store.copy()
            copy.overwrite(name, with: bytes)
            return copy
        }

        /// Whether opening fails with a typed error, or a check that reads all data reports an error.
        func isNoticed(_ store: MemoryObjectStore) throws -> Bool {
            do {
                return try !fixture.check(store, .all, workers: 1).errors.isEmpty
            } catch {
                return isTyped(error)
            }
        }

        func isNoticedWithoutKeys(_ store: MemoryObjectStore) throws -> Bool {
            do {
                return try !fixture.checkWithoutKeys(store, .all).errors.isEmpty
            } catch {
                return isTyped(error)
            }
        }

        /// Believes an object as its readers do.
        ///
        /// - Throws: what they throw; returning means that the object was believed.
        func believe(_ name: ObjectName, _ object: [UInt8]) throws {
            let parsed = try #require(ObjectNames.parse(name.path))
            let copy = store(name, object)
            switch parsed {
            case .format: _ = try Repository.readFormat(copy)
            case .policy:
                _ = try PolicyChain(
                    store: copy,
                    repository: repository.id,
                    rootOwner: repository.keyring.rootOwner,
                    rootPolicy: repository.policies.hashes[0]
                )
            case .slot:
                let slots = try Slots(store: copy, repository: repository.id) { _ in }
                guard !slots.slots.isEmpty else { throw RepositoryError(.integrity, "skipped") }
            case .commit:
                let log = try CommitLog.load(from: copy, id: repository.id, policies: repository.policies)
                guard log.commits.isEmpty, log.problems.count == 1 else { return }
                throw RepositoryError(.integrity, log.problems[0].message)
            case .index(let hash):
                let other = try fixture.open(copy)
                _ = try other.readFragment(hash)
            case .pack: break
            default:
                try SignedObjectCheck.verify(
                    object,
                    name: parsed,
                    repository: repository.id,
                    policies: repository.policies
                )
            }
        }

        func expectRefused(_ name: ObjectName, _ object: [UInt8], _ what: String) {
            do {
                try believe(name, object)
                Issue.record("\(name) was believed \(what)")
            } catch {
                if !isTyped(error) { Issue.record("\(name) \(what) gave an error of no known type: \(error)") }
            }
        }
    }

    private static func isTyped(_ error: any Error) -> Bool {
        error is RepositoryError || error is RecordError || error is StorageError || error is CryptographyError
            || error is ManifestError || error is ChunkingError
    }

    /// All small objects but packs, one of each kind.
    private func smallObjects(_ victim: Victim) throws -> [ObjectName] {
        var kinds: Set<RecordKind> = []
        let names = try victim.fixture.names().filter { name in
            guard let parsed = ObjectNames.parse(name.path), parsed.kind != .pack else { return false }
            // Of leases the first and the end.
            return kinds.insert(parsed.kind).inserted || parsed.kind == .lease
        }
        #expect(kinds == [.format, .policy, .slot, .commit, .packList, .index, .lease])
        return names
    }

    @Test("Row 1: a flipped bit in any small object is noticed") func row1FlipEachBit() throws {
        let victim = try Victim()
        for name in try smallObjects(victim) {
            let whole = try victim.bytes(name)
            #expect(throws: Never.self) { try victim.believe(name, whole) }
            for bit in 0..<(whole.count * 8) {
                var damaged = whole
                damaged[bit / 8] ^= 1 << UInt8(bit % 8)
                victim.expectRefused(name, damaged, "with bit \(bit) flipped")
                if bit % 997 == 0 {
                    let store = victim.store(name, damaged)
                    #expect(try victim.isNoticed(store), "\(name), bit \(bit)")
                    #expect(try victim.isNoticedWithoutKeys(store), "\(name), bit \(bit), without keys")
                }
            }
        }
    }

    @Test("Row 1: a flipped bit in any byte of a pack is noticed, and no reader gets other content than was stored")
    func row1FlipPacks() throws {
        let victim = try Victim()
        let index = try victim.repository.loadIndex()
        for name in try victim.fixture.names("packs/") {
            guard case .pack(let hash)? = ObjectNames.parse(name.path) else { continue }
            let whole = try victim.bytes(name)
            let reference = PackReference(name: hash, byteCount: UInt64(whole.count))
            let directory = try victim.repository.readPackDirectory(reference)
            let chunks = try directory.entries.map { entry in
                (entry, try load(entry, victim.repository, index))
            }
            var random = SeededGenerator(seed: UInt64(whole.count))
            for position in whole.indices {
                var damaged = whole
                damaged[position] ^= 1 << UInt8(random.next() % 8)
                let store = victim.store(name, damaged)
                let repository = try victim.fixture.open(store)
                let result = try PackVerifier(repository: repository, index: index).verify(reference)
                #expect(result.problems.contains { $0.isDamage }, "byte \(position)")
                for (entry, content) in chunks {
                    do {
                        let found = try load(entry, repository, index)
                        #expect(found == content, "byte \(position)")
                    } catch {
                        #expect(Self.isTyped(error), "byte \(position): \(error)")
                    }
                }
                if position % 499 == 0 {
                    #expect(try victim.isNoticed(store), "byte \(position)")
                    #expect(try victim.isNoticedWithoutKeys(store), "byte \(position)")
                }
            }
        }
    }

    private func load(_ entry: DirectoryEntry, _ repository: Repository, _ index: LocalIndex) throws -> [UInt8] {
        var buffer: [UInt8] = []
        let reader = try ChunkReader(repository: repository, index: index)
        let count = try reader.load(entry.id, type: entry.type, into: &buffer)
        return Array(buffer.prefix(count))
    }

    @Test("Row 2: any small object cut off at any length, or with bytes appended, is noticed")
    func row2Truncate() throws {
        let victim = try Victim()
        for name in try smallObjects(victim) {
            let whole = try victim.bytes(name)
            for count in 0..<whole.count {
                victim.expectRefused(name, Array(whole.prefix(count)), "cut off at \(count)")
                if count % 149 == 0 {
                    let store = victim.store(name, Array(whole.prefix(count)))
                    #expect(try victim.isNoticed(store), "\(name) cut off at \(count)")
                    #expect(try victim.isNoticedWithoutKeys(store), "\(name) cut off at \(count), without keys")
                }
            }
            for extra in [[0], [0xff], [UInt8](repeating: 0, count: 100), whole] as [[UInt8]] {
                victim.expectRefused(name, whole + extra, "with \(extra.count) bytes appended")
                #expect(try victim.isNoticed(victim.store(name, whole + extra)), "\(name)")
                #expect(try victim.isNoticedWithoutKeys(victim.store(name, whole + extra)), "\(name)")
            }
            #expect(try victim.isNoticed(victim.store(name, nil)) || isLostQuietly(name), "\(name) removed")
        }
    }

    /// What may vanish without being missed: a lease of a run that has ended, and an index fragment, which is a cache.
    private func isLostQuietly(_ name: ObjectName) -> Bool {
        name.path.hasPrefix("leases/") || name.path.hasPrefix("index/") || name.path.hasPrefix("commits/")
    }

    @Test("Row 2: a pack cut off at any length, or with bytes appended, is noticed") func row2TruncatePacks() throws {
        let victim = try Victim()
        let index = try victim.repository.loadIndex()
        for name in try victim.fixture.names("packs/") {
            guard case .pack(let hash)? = ObjectNames.parse(name.path) else { continue }
            let whole = try victim.bytes(name)
            for count in 0..<whole.count {
                let store = victim.store(name, Array(whole.prefix(count)))
                let repository = try victim.fixture.open(store)
                let reference = PackReference(name: hash, byteCount: UInt64(count))
                #expect(throws: (any Error).self) { try repository.readPackDirectory(reference) }
                let result = try PackVerifier(repository: repository, index: index).verify(reference)
                #expect(result.problems.contains { $0.isDamage }, "cut off at \(count)")
                if count % 499 == 0 {
                    #expect(try victim.isNoticed(store), "cut off at \(count)")
                    #expect(try victim.isNoticedWithoutKeys(store), "cut off at \(count)")
                    // The lengths alone give it away: no data need be read.
                    #expect(try !victim.fixture.check(store).summary.isGood)
                }
            }
            for extra in [[0], [UInt8](repeating: 0, count: 4096)] as [[UInt8]] {
                #expect(try victim.isNoticed(victim.store(name, whole + extra)))
                #expect(try !victim.fixture.check(victim.store(name, whole + extra)).summary.isGood)
            }
        }
    }

    @Test("Row 3: any object in the place of any other, of the same or another repository, is noticed")
    func row3Swap() throws {
        let victim = try Victim()
        try victim.fixture.write("file", [1, 2, 3])
        try victim.fixture.backUp()
        let other = try Victim()
        let own = try victim.fixture.names().map { ($0, try victim.bytes($0)) }
        let foreign = try other.fixture.names().map { ($0, try other.bytes($0)) }
        var cases = 0
        for (name, bytes) in own {
            for (source, replacement) in own + foreign where replacement != bytes {
                cases += 1
                let store = victim.store(name, replacement)
                #expect(try victim.isNoticed(store), "\(source) in the place of \(name)")
            }
        }
        #expect(cases > 400)
    }

    @Test("Row 3: a whole foreign folder of objects beside or instead of the own is noticed or opens nothing")
    func row3ForeignFolders() throws {
        let victim = try Victim()
        let other = try Victim()
        for folder in ["policy/", "keys/", "commits/", "packlists/", "packs/", "index/", "leases/"] {
            let beside = victim.fixture.store.copy()
            let instead = victim.fixture.store.copy()
            for name in try victim.fixture.names(folder) { instead.overwrite(name, with: nil) }
            for name in try other.fixture.names(folder) {
                beside.overwrite(name, with: try other.bytes(name))
                instead.overwrite(name, with: try other.bytes(name))
            }
            #expect(try victim.isNoticed(instead), "\(folder) instead")
            #expect(try victim.isNoticed(beside), "\(folder) beside")
        }
        // All of it: another repository, which the key does not open.
        let error = #expect(throws: RepositoryError.self) { try victim.fixture.open(other.fixture.store) }
        #expect(error?.code == .wrongKey)
    }

    @Test("Row 3: another pack under the name of a pack gives no chunk") func row3SameNameOtherPack() throws {
        let victim = try Victim()
        let repository = victim.repository
        let names = try victim.fixture.names("packs/")
        #expect(names.count == 2)
        // A pack of the same run, of a later run with the same chunks, and of another repository with the same content.
        let again = try Victim()
        for name in names {
            for replacement in try names.filter({ $0 != name }).map(victim.bytes)
                + again.fixture.names("packs/").map(again.bytes)
            {
                let store = victim.store(name, replacement)
                let opened = try victim.fixture.open(store)
                let index = try repository.loadIndex()
                guard case .pack(let hash)? = ObjectNames.parse(name.path) else { continue }
                let directory = try repository.readPackDirectory(
                    PackReference(name: hash, byteCount: UInt64(victim.bytes(name).count))
                )
                for entry in directory.entries {
                    let error = #expect(throws: RepositoryError.self) { try load(entry, opened, index) }
                    #expect(error?.code == .integrity)
                }
                #expect(try victim.isNoticed(store))
            }
        }
    }

    @Test("Row 3: a frame in another place of its pack, or of another domain, epoch or type, is refused")
    func row3FramesAreBound() throws {
        let victim = try Victim()
        let repository = victim.repository
        let index = try repository.loadIndex()
        for name in try victim.fixture.names("packs/") {
            guard case .pack(let hash)? = ObjectNames.parse(name.path) else { continue }
            let whole = try victim.bytes(name)
            let directory = try repository.readPackDirectory(PackReference(name: hash, byteCount: UInt64(whole.count)))
            let start = Int(directory.framesOffset)
            // Every field of the public header is bound to directory and frames: exchange each with another value.
            var header = try PackHeader(decoding: whole)
            let own = header
            var variants: [PackHeader] = []
            header.domain = try DomainID.random()
            variants.append(header)
            header = own
            header.epoch += 1
            variants.append(header)
            header = own
            header.member = try MemberID.random()
            variants.append(header)
            header = own
            header.run = try RunID.random()
            variants.append(header)
            header = own
            header.salt[0] ^= 1
            variants.append(header)
            header = own
            header.suite = .chaCha20Poly1305
            variants.append(header)
            header = own
            header.type = 3 - own.type
            header.keyBox.purpose = 3 - own.type
            variants.append(header)
            header = own
            header.keyBox.commitment = Digest([UInt8](repeating: 1, count: 32)) ?? .zero
            variants.append(header)
            for variant in variants {
                let prefix = variant.encodedPrefix()
                #expect(prefix.count == start)
                let store = victim.store(name, prefix + whole[start...])
                let opened = try victim.fixture.open(store)
                #expect(throws: RepositoryError.self) {
                    try opened.readPackDirectory(PackReference(name: hash, byteCount: UInt64(whole.count)))
                }
                for entry in directory.entries {
                    let error = #expect(throws: RepositoryError.self) { try load(entry, opened, index) }
                    #expect(error?.code == .integrity || error?.code == .notPermitted)
                }
                #expect(try victim.isNoticed(store))
            }
        }
    }
}
