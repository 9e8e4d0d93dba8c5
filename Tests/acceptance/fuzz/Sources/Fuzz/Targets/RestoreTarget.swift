import Chunking
import Cryptography
import FileSystem
import Glibc
import Records
import TestSupport

@testable import ManifestSamples
@testable import Repository
@testable import Snapshots

/// The restore of an arbitrary snapshot that whoever has the keys could have made.
///
/// Nothing may appear or change outside of the target directory, whatever the manifest says.
final class RestoreTarget: FuzzTarget {
    static let name = "restore"
    static let parsers = [
        "Snapshots/Reading/ContentReader.swift", "Snapshots/Reading/RepositoryChunkSource.swift",
        "Snapshots/Restore/ExistingFile.swift", "Snapshots/Restore/LargeFile.swift",
        "Snapshots/Restore/MetadataWriter.swift", "Snapshots/Restore/Restore.swift",
        "Snapshots/Restore/RestorePlacer.swift", "Snapshots/Restore/RestoreWalker.swift",
        "Snapshots/Restore/RestoreWorker.swift", "Snapshots/Restore/StagingArea.swift",
    ]
    // The target limits the size of files, and means to see the error.
    static let options = ["-max_len=8192", "-timeout=20", "-handle_xfsz=0"]
    static func shape(of input: [UInt8]) -> InputShape { .head(2, .blocks(.page)) }

    private let fixture: Fixture
    private let base: Directory
    private let basePath: String
    private let guarded: Guarded

    init() throws {
        // Files that a snapshot makes enormous must not fill the disk: writing beyond fails as on a full one.
        signal(SIGXFSZ, SIG_IGN)
        var limit = rlimit(rlim_cur: 256 << 20, rlim_max: 256 << 20)
        guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else {
            throw Finding(message: "the size of files cannot be limited")
        }
        // Few descriptors, so that what is kept open is limited as with many directories.
        var files = rlimit(rlim_cur: 512, rlim_max: 512)
        guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files) == 0 else {
            throw Finding(message: "the number of open files cannot be limited")
        }
        fixture = try Fixture()
        (basePath, base) = try makeScratchDirectory()
        guarded = try Guarded(in: base)
    }

    /// Flags, then pages as `PageForge` takes them, the root last.
    func run(_ input: [UInt8]) throws {
        var input = InputReader(input)
        let flags = input.integer(2)
        fixture.clear()
        var chunks: [(id: ChunkID, type: ChunkType, bytes: [UInt8])] = []
        var forge = PageForge { [fixture] bytes, type in
            let id = try fixture.chunkID(bytes, type)
            chunks.append((id, type, bytes))
            return id
        }
        while !input.isAtEnd, forge.pages.count < 16 { try forge.add(input.block()) }
        guard let root = forge.pages(.manifest).last else { return }
        let index = try store(chunks)
        let options = options(flags, root)
        let target = Array("target".utf8)
        try base.makeDirectory(target)
        defer { remove(target) }
        if flags & 0x100 != 0 { try plant(target) }
        let restore = Restore(
            repository: fixture.repository,
            index: index,
            root: PageReference(chunk: root.id, level: UInt64(root.level)),
            digest: flags & 0x200 == 0 ? root.summary?.digest : nil,
            options: options,
            observer: Observer()
        )
        let path = Array("\(basePath)/target".utf8)
        let summary = try attempt { try restore.run(to: path) }
        try guarded.check(base, allowing: target)
        if flags & 0x400 != 0 {
            try attempt { try restore.run(to: path) }
            try guarded.check(base, allowing: target)
        }
        let directory = try base.openDirectory(target)
        if options.isDryRun, flags & 0x100 == 0 {
            try require(directory.names().count == 0, "a dry run has made something")
        }
        try checkLeftovers(directory)
        if let summary { try require(summary.files <= summary.entries, "more was restored than there is") }
    }

    private func options(_ flags: UInt64, _ root: PageForge.Page) -> RestoreOptions {
        var options = RestoreOptions()
        options.isDurable = flags & 0x800 != 0
        options.workers = 1
        options.overwrite = OverwriteRule.allCases[Int(flags & 3)]
        options.deletesExtra = flags & 4 != 0
        options.isDryRun = flags & 8 != 0
        options.ownershipByName = flags & 0x10 != 0
        options.allowsSetID = flags & 0x20 != 0
        options.verifiesAfter = flags & 0x40 != 0
        if flags & 0x80 != 0, let first = root.summary?.firstPath { options.root = first }
        return options
    }

    /// Puts the chunks into packs of their types.
    private func store(_ chunks: [(id: ChunkID, type: ChunkType, bytes: [UInt8])]) throws -> LocalIndex {
        var packs: [StoredPack] = []
        for type in PackType.allCases {
            var encoder = try ChunkEncoder(compression: CompressionSetting(parsing: "off"), verifies: false)
            let builder = try PackBuilder(
                header: try fixture.packHeader(type),
                keys: fixture.keys,
                contentKey: fixture.contentKey(type).key,
                writer: try fixture.store.makeWriter()
            )
            var known: Set<ChunkID> = []
            for chunk in chunks where chunk.type.packType == type && known.insert(chunk.id).inserted {
                _ = try unsafe builder.append(
                    chunk.id,
                    type: chunk.type,
                    plaintext: chunk.bytes.span.bytes,
                    encoder: &encoder
                )
            }
            let closed = try builder.close()
            try closed.commit()
            packs.append(closed.pack)
        }
        return LocalIndex(reusable: [try quickTable(packs)], others: [])
    }

    /// What an attacker on this host may have put into the target: links that lead out, and things in the way.
    private func plant(_ target: [UInt8]) throws {
        let directory = try base.openDirectory(target)
        let outside = Array("../guarded".utf8)
        for name in ["a", "d", "x", "link"] { try directory.makeSymbolicLink(Array(name.utf8), target: outside) }
        try directory.makeSymbolicLink(Array("f".utf8), target: outside + Array("/file".utf8))
        try directory.makeDirectory(Array("b".utf8))
        try directory.openDirectory(Array("b".utf8)).makeSymbolicLink(Array("a".utf8), target: Array("/etc".utf8))
        let file = try directory.createFile(Array("e".utf8))
        try file.close()
        // What a restore that was killed has left, and what only looks like it.
        let identity = "\(ProcessIdentity.current)".split(separator: "-")
        for text in ["\(identity[0])-\(identity[1])-99999999-1-x", "\(ProcessIdentity.current)-y", "0-1-2-3-z", "w"] {
            let name = StagingArea.prefix + Array(text.utf8)
            try directory.makeDirectory(name)
            try directory.openDirectory(name).makeSymbolicLink(Array("a".utf8), target: outside)
        }
    }

    /// Nothing of this process's own stays behind but what was planted.
    private func checkLeftovers(_ directory: Directory) throws {
        let names = try directory.names()
        for index in 0..<names.count {
            let name = String(decoding: names[index], as: UTF8.self)
            let own = String(decoding: StagingArea.prefix, as: UTF8.self) + "\(ProcessIdentity.current)-"
            try require(!name.hasPrefix(own) || name == own + "y", "\(name) was left behind")
        }
    }

    private func remove(_ name: [UInt8]) {
        if let directory = try? base.openDirectory(name) { removeContents(of: directory) }
        try? base.removeDirectory(name)
    }

    func seeds() throws -> [[UInt8]] {
        var seeds: [[UInt8]] = []
        for (round, flags) in ([0, 0x900, 0x504, 0x141, 0x08, 0x30, 0x82, 0x643] as [UInt64]).enumerated() {
            var samples = TreeSamples(seed: UInt64(90 + round))
            let parts = try samples.parts(entryCount: 8, leafLength: round % 2 == 0 ? 50 : 4)
            seeds.append(input(flags, parts))
            let flag = [PageForge.Flag.contents, PageForge.Flag.ends, PageForge.Flag.claims][round % 3]
            seeds.append(input(flags, TreeSamples.flagged(parts, flag)))
        }
        for flags in [0x400, 0x401, 0x500, 0x104, 0x143, 0x508, 0x801] as [UInt64] {
            seeds.append(input(flags, try hostileParts()))
        }
        seeds.append(input(0x42, TreeSamples.flagged(try hostileParts(), PageForge.Flag.contents)))
        seeds.append(input(0, try wideParts()))
        return seeds.filter { $0.count <= 8192 }
    }

    private func input(_ flags: UInt64, _ parts: [[UInt8]]) -> [UInt8] {
        var input = InputWriter()
        input.integer(flags, 2)
        for part in parts { input.block(part) }
        return input.bytes
    }

    /// Many directories with a file each.
    private func wideParts() throws -> [[UInt8]] {
        var items: [ForgedPage.Item] = []
        for number in 10..<90 {
            let path = Array("\(number)".utf8)
            items.append(.init(path: path, kind: 1, fields: [1, 2, 0xED, 3]))
            items.append(.init(path: path + Array("/f".utf8), kind: 3, fields: [1, 2, 0xA4, 3]))
            items.append(.init(path: path, kind: 2))
        }
        return [[PageForge.Kind.manifest.rawValue] + ForgedPage.leaf(items)]
    }

    /// A link and a directory of one name, links that lead out with files behind them, hard links to links, devices.
    private func hostileParts() throws -> [[UInt8]] {
        func fields(_ edit: (inout Entry) -> Void, _ kind: EntryKind) throws -> [UInt8] {
            var entry = Entry(path: [0x61], kind: kind)
            entry.permissions = 0o6777
            edit(&entry)
            var fields: [UInt8] = []
            try entry.appendFields(to: &fields)
            return fields
        }
        func file(_ group: UInt64, holeLength: UInt64 = 0) throws -> [UInt8] {
            try fields(
                {
                    let data = Extent.chunk(TreeSamples.reference(0), offset: 0, length: 4)
                    $0.size = 4 + holeLength
                    $0.content = .inline(holeLength == 0 ? [data] : [data, .hole(length: holeLength)])
                    if holeLength == 0 { $0.contentHash = .zero } else { $0.sparseHash = .zero }
                    $0.hardLinkGroup = group
                },
                .regular
            )
        }
        let link = try fields({ $0.linkTarget = Array("../guarded".utf8) }, .symbolicLink)
        let linkInGroup = try fields(
            {
                $0.linkTarget = Array("../guarded/file".utf8)
                $0.hardLinkGroup = 7
            },
            .symbolicLink
        )
        let device = try fields(
            {
                $0.deviceMajor = 1
                $0.deviceMinor = 3
            },
            .characterDevice
        )
        let items: [ForgedPage.Item] = [
            .init(path: Array("a".utf8), kind: 4, fields: link),
            .init(path: Array("b".utf8), kind: 1, fields: try fields({ _ in }, .directory)),
            .init(path: Array("b/a".utf8), kind: 3, fields: try file(0)),
            .init(path: Array("b/b".utf8), kind: 4, fields: linkInGroup),
            .init(path: Array("b".utf8), kind: 2),
            .init(path: Array("c".utf8), kind: 7, fields: device),
            .init(path: Array("d".utf8), kind: 1, fields: try fields({ _ in }, .directory)),
            .init(path: Array("d/x".utf8), kind: 3, fields: try file(7)),
            .init(path: Array("d".utf8), kind: 2),
            .init(path: Array("e".utf8), kind: 3, fields: try file(9)),
            .init(path: Array("f".utf8), kind: 3, fields: try file(9)),
            .init(path: Array("h".utf8), kind: 3, fields: try file(11, holeLength: 20 << 20)),
            .init(path: Array("i".utf8), kind: 3, fields: try file(11, holeLength: 20 << 20)),
            .init(path: Array("j".utf8), kind: 5, fields: try fields({ _ in }, .fifo)),
        ]
        return [
            [PageForge.Kind.data.rawValue, 1, 2, 3, 4, 5], [PageForge.Kind.manifest.rawValue] + ForgedPage.leaf(items),
        ]
    }
}

/// Takes no notice.
private struct Observer: RestoreObserver {
    func itemFailed(_ path: [UInt8], _ error: any Error) { _ = "\(printable(path)): \(error)" }
    func deleted(_ path: [UInt8]) {}
    func item(_ path: [UInt8], _ outcome: RestoreOutcome, bytes: UInt64) {}
    var wantsItems: Bool { true }
    func warning(_ message: String) {}
}

/// A directory beside the target in which nothing may change.
private struct Guarded {
    private let name = Array("guarded".utf8)
    private let status: FileStatus
    private let fileStatus: FileStatus

    init(in base: Directory) throws {
        let (directory, isNew) = try base.openOrMakeDirectory(name)
        if isNew {
            let file = try directory.createFile(Array("file".utf8))
            try unsafe file.write(Array("must not change".utf8).span.bytes)
            try file.close()
        }
        status = try base.status(name)
        fileStatus = try directory.status(Array("file".utf8))
    }

    /// Makes sure that all is as it was, and that nothing else lies beside the target.
    func check(_ base: Directory, allowing target: [UInt8]) throws {
        let names = try base.names()
        for index in 0..<names.count {
            let found = names[index]
            try require(found == name || found == target, "\(printable(found)) appeared outside of the target")
        }
        let directory = try base.openDirectory(name)
        try require(try base.status(name) == status, "a directory outside of the target was changed")
        try require(try directory.names().count == 1, "something appeared in a directory outside of the target")
        let now = try directory.status(Array("file".utf8))
        try require(now == fileStatus, "a file outside of the target was changed")
    }
}
