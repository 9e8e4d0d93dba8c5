import Cryptography
import Records
import Repository
import Snapshots
import Synchronization
import TestSupport

/// Pages in memory, named by a hash of their type and bytes.
final class ManifestPages: ChunkSink, ChunkSource {
    struct Missing: Error {}

    private struct State {
        var pages: [ChunkID: (type: ChunkType, bytes: [UInt8])] = [:]
        var loads: [ChunkID] = []
    }

    private let state = Mutex(State())

    func store(_ page: [UInt8], type: ChunkType) throws -> ChunkID {
        let named = [type.rawValue] + page
        let id = try unsafe SHA256.hash(named.span.bytes)
        state.withLock { $0.pages[id] = (type, page) }
        return id
    }

    func load(_ id: ChunkID, type: ChunkType) throws -> [UInt8] {
        try state.withLock { state in
            guard let page = state.pages[id], page.type == type else { throw Missing() }
            state.loads.append(id)
            return page.bytes
        }
    }

    /// Puts a page under any name, as only a forger could.
    func forge(_ page: [UInt8], as id: ChunkID, type: ChunkType = .manifestPage) {
        state.withLock { $0.pages[id] = (type, page) }
    }

    func bytes(_ id: ChunkID) -> [UInt8]? { state.withLock { $0.pages[id]?.bytes } }

    /// The ids of all pages of a type and level.
    func ids(level: UInt8, type: ChunkType = .manifestPage) -> Set<ChunkID> {
        state.withLock { state in Set(state.pages.filter { $1.type == type && $1.bytes[1] == level }.keys) }
    }

    var count: Int { state.withLock { $0.pages.count } }
    var loads: [ChunkID] { state.withLock { $0.loads } }
    func forgetLoads() { state.withLock { $0.loads = [] } }
}

extension Digest {
    /// A digest that is no hash of anything: its bytes are a number.
    static func numbered(_ number: UInt64) -> Digest {
        var bytes = [UInt8](repeating: 0x5a, count: 32)
        for index in 0..<8 { bytes[index] = UInt8(truncatingIfNeeded: number >> UInt64(8 * index)) }
        return Digest(bytes) ?? .zero
    }
}

/// Short ways to write entries and to build and read manifests, for suites that adopt it.
protocol ManifestTesting {}

extension ManifestTesting {
    func path(_ text: String) -> [UInt8] { Array(text.utf8) }

    func directory(_ name: String) -> Entry { Entry(path: path(name), kind: .directory) }

    func end(_ name: String) -> Entry { Entry(path: path(name), kind: .directoryEnd) }

    /// A file of a few bytes in one extent.
    func file(_ path: [UInt8], size: UInt64 = 5, chunk: UInt64 = 1) -> Entry {
        var entry = Entry(path: path, kind: .regular)
        entry.permissions = 0o644
        entry.userID = 1000
        entry.groupID = 1000
        entry.userName = "ada"
        entry.groupName = "users"
        entry.modifiedSeconds = 1_700_000_000
        entry.modifiedNanoseconds = 123_456_789
        guard size > 0 else { return entry }
        entry.size = size
        entry.contentHash = Digest.numbered(size &* 31)
        entry.content = .inline([.chunk(Digest.numbered(chunk), offset: chunk % 1000, length: size)])
        return entry
    }

    func file(_ name: String, size: UInt64 = 5, chunk: UInt64 = 1) -> Entry {
        file(path(name), size: size, chunk: chunk)
    }

    /// Compares paths by their definition: lists of components, as raw bytes.
    func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        let separator = UInt8(ascii: "/")
        let left = left.split(separator: separator, omittingEmptySubsequences: false)
        let right = right.split(separator: separator, omittingEmptySubsequences: false)
        return left.lexicographicallyPrecedes(right) { $0.lexicographicallyPrecedes($1) }
    }

    /// Builds a manifest from entries without ends, in order.
    func build(_ entries: [Entry], into pages: ManifestPages) throws -> ManifestRoot {
        let builder = try ManifestBuilder(sink: pages)
        for entry in entries {
            while !PathOrder.isPath(entry.path, atOrBelow: Array(builder.openDirectory)) { try builder.endDirectory() }
            try builder.add(entry)
        }
        while !builder.openDirectory.isEmpty { try builder.endDirectory() }
        return try builder.finish()
    }

    /// All entries that a cursor still has.
    func rest(of cursor: ManifestCursor) throws -> [Entry] {
        var entries: [Entry] = []
        while let entry = try cursor.next() { entries.append(entry) }
        return entries
    }

    func listing(_ root: ManifestRoot, _ pages: ManifestPages, verifyDigests: Bool = true) throws -> [Entry] {
        try rest(of: ManifestCursor(root: root, source: pages, verifyDigests: verifyDigests))
    }
}

/// Random trees, in order, with names that are chosen to be troublesome.
struct RandomManifest: ManifestTesting {
    var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func number(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }

    mutating func entries(count: Int) -> [Entry] {
        var entries: [[UInt8]: Entry] = [:]
        var directories: [[UInt8]] = [[]]
        while entries.count < count {
            let parent = directories[number(directories.count)]
            let path = parent.isEmpty ? name() : parent + [UInt8(ascii: "/")] + name()
            guard path.count < 60_000, entries[path] == nil else { continue }
            let entry = self.entry(path)
            entries[path] = entry
            if entry.kind == .directory { directories.append(path) }
        }
        return entries.values.sorted { precedes($0.path, $1.path) }
    }

    /// One component: short ones that collide in prefixes, bytes around the separator, invalid UTF-8, the longest.
    mutating func name() -> [UInt8] {
        let odd: [[UInt8]] = [
            path("a"), path("a.b"), path("a-"), path("a0"), path("..."), path(".a"), path(" "), [0x01], [0xff, 0xfe],
            path("\u{1b}[31m"), path("\n"), path("é"), [UInt8](repeating: 0x78, count: 255), path("b\\c"),
        ]
        if number(4) == 0 { return odd[number(odd.count)] }
        let bytes = random.bytes(1 + number(12))
        return bytes.map { $0 == 0 || $0 == UInt8(ascii: "/") ? 0x2b : $0 } + path("~")
    }

    mutating func entry(_ path: [UInt8]) -> Entry {
        let kinds: [EntryKind] = [.directory, .directory, .regular, .regular, .regular, .regular, .symbolicLink]
        let rare: [EntryKind] = [.fifo, .socket, .characterDevice, .blockDevice]
        var entry = Entry(path: path, kind: number(10) == 0 ? rare[number(4)] : kinds[number(kinds.count)])
        entry.permissions = UInt16(number(0o10000))
        entry.userID = number(2) == 0 ? 0 : UInt32.random(in: .min ... .max, using: &random)
        entry.groupID = UInt32(number(100))
        entry.userName = ["", "root", "ådå", "a name that needs memory of its own"][number(4)]
        entry.groupName = ["", "wheel"][number(2)]
        entry.modifiedSeconds = [0, -1, 1_700_000_000, .min, .max][number(5)]
        entry.modifiedNanoseconds = UInt32(number(1_000_000_000))
        entry.flags = EntryFlags(rawValue: UInt64(number(4)))
        if entry.kind != .directory, number(5) == 0 { entry.hardLinkGroup = UInt64(1 + number(9)) }
        if number(4) == 0 { entry.attributes = attributes() }
        switch entry.kind {
        case .regular: setContent(&entry)
        case .symbolicLink: entry.linkTarget = self.name() + self.path("/..")
        case .characterDevice, .blockDevice:
            entry.deviceMajor = UInt32(number(300))
            entry.deviceMinor = UInt32.random(in: .min ... .max, using: &random)
        default: break
        }
        return entry
    }

    mutating func attributes() -> AttributeList {
        if number(3) == 0 {
            let extent = Extent.chunk(Digest.numbered(random.next()), offset: UInt64(number(99)), length: 20_000)
            return .stored(hash: Digest.numbered(random.next()), extents: [extent], byteCount: 20_000)
        }
        return .inline([
            ExtendedAttribute(name: path("user.a"), value: random.bytes(number(40))),
            ExtendedAttribute(name: path("user.b"), value: []),
        ])
    }

    mutating func setContent(_ entry: inout Entry) {
        var extents: [Extent] = []
        for _ in 0..<number(4) {
            let length = UInt64(1 + number(1 << 20))
            extents.append(
                number(6) == 0
                    ? .hole(length: length << UInt64(number(20)))
                    : .chunk(Digest.numbered(random.next()), offset: UInt64(number(1 << 20)), length: length)
            )
        }
        guard !extents.isEmpty else { return }
        entry.size = extents.reduce(0) { $0 + $1.length }
        entry.content = .inline(extents)
        let hash = Digest.numbered(random.next())
        if extents.contains(where: \.isHole) { entry.sparseHash = hash } else { entry.contentHash = hash }
    }
}
