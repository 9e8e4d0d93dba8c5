import FileSystem
import Records
import Repository

/// Walks the paths to save in manifest order and hands each step to the assembler.
///
/// One thread; it reads names and statuses, no content. Memory is one list of names per open directory.
final class SourceWalker {
    private struct Frame {
        var path: [UInt8]
        var names: NameList
        var next = 0
        /// Set while only given children are visited: the directory lies above a root.
        var nodes: [RootTree.Node]?
        var device: UInt64
        /// Ignore files read in this directory.
        var rules: Int
    }

    private let request: BackupRequest
    private let observer: any BackupObserver
    private let previous: (any PreviousEntries)?
    private let store: any ChunkStoring
    private let counters: BackupCounters
    private var assembler: BatchAssembler
    private var stack: DirectoryStack
    private var frames: [Frame] = []
    private var links = HardLinkGroups()
    private var ignoreRules: IgnoreRules
    private var lastChunk: ChunkID?
    private var steps = 0

    init(
        request: BackupRequest,
        observer: any BackupObserver,
        previous: (any PreviousEntries)?,
        store: any ChunkStoring,
        counters: BackupCounters,
        assembler: BatchAssembler
    ) throws {
        self.request = request
        self.observer = observer
        self.previous = previous
        self.store = store
        self.counters = counters
        self.assembler = assembler
        stack = DirectoryStack(root: try Directory.open(path: Array("/".utf8)))
        ignoreRules = IgnoreRules(fileNames: request.selection.ignoreFileNames)
    }

    /// Walks everything.
    ///
    /// - Throws: only what ends the run; items that cannot be read are reported and left out.
    func walk(_ tree: RootTree) throws {
        let top = stack.current
        if tree.top.isRoot {
            try enterFrame(path: [], directory: top, nodes: nil, device: try top.status().device)
        } else {
            frames.append(
                Frame(path: [], names: NameList(), nodes: tree.top.children, device: 0, rules: ignoreRules.mark)
            )
        }
        while !frames.isEmpty {
            steps += 1
            if steps % 64 == 0 { try store.check() }
            try step()
        }
        try assembler.close()
    }

    private func step() throws {
        let depth = frames.count - 1
        if let nodes = frames[depth].nodes {
            if frames[depth].next < nodes.count {
                let node = nodes[frames[depth].next]
                frames[depth].next += 1
                try visitNode(node, below: frames[depth].path)
            } else {
                try leave()
            }
            return
        }
        guard frames[depth].next < frames[depth].names.count else { return try leave() }
        let index = frames[depth].next
        frames[depth].next += 1
        let name = frames[depth].names[index]
        let kind = frames[depth].names.kind(at: index)
        try visit(name, below: frames[depth].path, listedKind: kind, frame: depth)
    }

    private func leave() throws {
        let frame = frames.removeLast()
        ignoreRules.reset(to: frame.rules)
        guard !frames.isEmpty else { return }
        try stack.pop()
        try assembler.add(BatchItem(entry: Entry(path: frame.path, kind: .directoryEnd), work: .endDirectory))
    }

    /// A directory above a root, or a root itself.
    private func visitNode(_ node: RootTree.Node, below parent: [UInt8]) throws {
        let path = join(parent, node.name)
        let absolute = [UInt8(ascii: "/")] + path
        do {
            if node.isRoot {
                let directory = try Directory.open(path: [UInt8(ascii: "/")] + parent)
                try visitRoot(node.name, path: path, in: directory)
            } else {
                let directory = try Directory.open(path: absolute)
                var entry = Entry(path: path, kind: .directory, status: try directory.status())
                entry.flags.insert(.implied)
                // Its time says nothing about what was asked for, and would make every snapshot differ.
                entry.modifiedSeconds = 0
                entry.modifiedNanoseconds = 0
                entry.attributes = try attributes(try directory.descriptor.extendedAttributes())
                try assembler.add(BatchItem(entry: entry, work: .done))
                try stack.push(directory, named: node.name)
                frames.append(
                    Frame(path: path, names: NameList(), nodes: node.children, device: 0, rules: ignoreRules.mark)
                )
            }
        } catch let error as SystemError {
            fail(absolute, error)
        }
    }

    private func visitRoot(_ name: [UInt8], path: [UInt8], in directory: Directory) throws {
        let status = try directory.status(name)
        if status.kind == .symbolicLink {
            observer.warning(
                "\(printable([UInt8(ascii: "/")] + path)) is a symbolic link: the link is saved, not what it points to"
            )
        }
        try save(name, path: path, status: status, in: directory, device: status.device)
    }

    private func visit(_ name: [UInt8], below parent: [UInt8], listedKind: FileKind?, frame: Int) throws {
        let path = join(parent, name)
        let absolute = [UInt8(ascii: "/")] + path
        do {
            var status: FileStatus?
            let kind: FileKind
            if let listedKind {
                kind = listedKind
            } else {
                let found = try stack.current.status(name)
                status = found
                kind = found.kind
            }
            if request.selection.excludes(absolute, kind == .directory) { return }
            if ignoreRules.excludes(path, isDirectory: kind == .directory) { return }
            let known = try status ?? stack.current.status(name)
            if let largest = request.selection.largestFile, known.kind == .regular,
                known.size > Int64(clamping: largest)
            {
                return
            }
            try save(name, path: path, status: known, in: stack.current, device: frames[frame].device)
        } catch let error as SystemError {
            // Deleted between listing and looking: not an error, the snapshot is of a later moment.
            if error.isNotFound { return }
            fail(absolute, error)
        }
    }

    private func save(
        _ name: [UInt8],
        path: [UInt8],
        status: FileStatus,
        in directory: Directory,
        device: UInt64
    ) throws {
        guard path.count <= PathOrder.longestPath else {
            return fail([UInt8(ascii: "/")] + path, PathTooLong(byteCount: path.count))
        }
        let kind = EntryKind(status.kind)
        let previousEntry = try takePrevious(path, status, kind: kind)
        if kind == .directory {
            return try saveDirectory(name, path: path, status: status, in: directory, device: device, previousEntry)
        }
        var item: BatchItem
        if let known = previousEntry {
            item = BatchItem(entry: known.entry, work: .done)
            item.entry.hardLinkGroup = 0
            item.treeChunks = known.treeChunks
            item.change = .unmodified
        } else {
            item = BatchItem(entry: Entry(path: path, kind: kind, status: status), work: .done)
            item.change = previous?.hadEntry == true ? .changed : .new
            if kind == .regular, status.size > 0 {
                item.work = .read(
                    FileToRead(directory: directory, name: name, status: status, isKnown: item.change == .changed)
                )
            } else {
                if kind == .symbolicLink { item.entry.linkTarget = try directory.readLink(name) }
                item.entry.attributes = try attributes(try directory.extendedAttributes(name))
            }
        }
        if status.linkCount > 1 {
            let group = links.group(of: status, path: path)
            item.entry.hardLinkGroup = group.number
            if !group.isFirst, kind == .regular {
                item.work = .linked
                item.entry.apply(status)
            }
        }
        switch item.work {
        case .done, .linked: item.stat = stableStat(status)
        default: break
        }
        if kind == .regular, item.change == .unmodified { counters.progress.addFile(bytes: item.entry.size) }
        try assembler.add(item)
    }

    private func saveDirectory(
        _ name: [UInt8],
        path: [UInt8],
        status: FileStatus,
        in directory: Directory,
        device: UInt64,
        _ known: PreviousEntry?
    ) throws {
        let opened = try directory.openDirectory(name)
        let now = try opened.status()
        var item: BatchItem
        if let known, StatRecord(now) == StatRecord(status) {
            item = BatchItem(entry: known.entry, work: .done)
            item.entry.flags.remove(.implied)
            item.change = .unmodified
        } else {
            item = BatchItem(entry: Entry(path: path, kind: .directory, status: now), work: .done)
            item.entry.attributes = try attributes(try opened.descriptor.extendedAttributes())
            item.change = previous?.hadEntry == true ? .changed : .new
        }
        item.stat = stableStat(now)
        var names = NameList()
        var rest = true
        if request.selection.oneFileSystem, now.device != device {
            rest = false
        } else {
            try opened.readNames(into: &names)
        }
        try assembler.add(item)
        try stack.push(opened, named: name)
        let mark = ignoreRules.mark
        if rest {
            if let kept = try markers(names, in: opened) {
                names = kept
            } else {
                try ignoreRules.read(in: opened, path: path, names: names)
            }
        }
        frames.append(Frame(path: path, names: names, nodes: nil, device: device, rules: mark))
    }

    private func enterFrame(path: [UInt8], directory: Directory, nodes: [RootTree.Node]?, device: UInt64) throws {
        var names = NameList()
        try directory.readNames(into: &names)
        let mark = ignoreRules.mark
        try ignoreRules.read(in: directory, path: path, names: names)
        frames.append(Frame(path: path, names: names, nodes: nodes, device: device, rules: mark))
    }

    /// If the directory is marked to be left out: a list of the marker alone.
    private func markers(_ names: NameList, in directory: Directory) throws -> NameList? {
        var wanted = request.selection.markerFiles
        if request.selection.excludesCaches {
            wanted.append((Array("CACHEDIR.TAG".utf8), Array("Signature: 8a477f597d28d172789f06886806bc55".utf8)))
        }
        for marker in wanted where names.index(of: marker.name) != nil {
            if let header = marker.header {
                guard let file = try? directory.openFile(marker.name, for: .reading),
                    let start = try? file.readToEnd(limit: 1 << 16), start.starts(with: header)
                else { continue }
            }
            return NameList(single: marker.name)
        }
        return nil
    }

    /// The entry of the last snapshot if the file looks unchanged and every chunk of it is still there.
    private func takePrevious(_ path: [UInt8], _ status: FileStatus, kind: EntryKind) throws -> PreviousEntry? {
        guard let previous, let known = try previous.unchanged(path, status, kind: kind) else { return nil }
        guard !request.rereadsAll else { return nil }
        func isThere(_ extents: [Extent]) -> Bool {
            extents.allSatisfy { extent in
                guard case .chunk(let id, _, _) = extent, id != lastChunk else { return true }
                guard store.isReusable(id) else { return false }
                lastChunk = id
                return true
            }
        }
        if case .inline(let extents) = known.entry.content, !isThere(extents) { return nil }
        if case .tree = known.entry.content {
            guard !known.treeChunks.isEmpty, known.treeChunks.allSatisfy(store.isReusable) else { return nil }
        }
        if case .stored(_, let extents, _) = known.entry.attributes, !isThere(extents) { return nil }
        return known
    }

    /// What to recognise the file by next time; nothing if it changed so recently that another change within the same
    /// tick of the file system's clock would not show.
    private func stableStat(_ status: FileStatus) -> StatRecord? { counters.stableStat(status) }

    private func attributes(_ list: [FileSystem.ExtendedAttribute]) throws -> AttributeList {
        try counters.attributeStore.list(list)
    }

    private func fail(_ path: [UInt8], _ error: any Error) {
        counters.failed()
        observer.itemFailed(path, error)
    }

    private func join(_ parent: [UInt8], _ name: [UInt8]) -> [UInt8] {
        parent.isEmpty ? name : parent + [UInt8(ascii: "/")] + name
    }
}

/// A path that the format cannot hold.
struct PathTooLong: Error, CustomStringConvertible {
    var byteCount: Int
    var description: String { "its path has \(byteCount) bytes, more than the \(PathOrder.longestPath) that are kept" }
}
