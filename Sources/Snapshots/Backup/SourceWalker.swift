import FileSystem
import Records
import Repository

/// Walks the paths to save in manifest order and hands each step to the assembler.
///
/// One thread; it reads names and statuses, no content. Memory is one list of names per open directory.
final class SourceWalker {
    private let request: BackupRequest
    private let observer: any BackupObserver
    private let previous: (any PreviousEntries)?
    private let store: any ChunkStoring
    private let counters: BackupCounters
    private var assembler: BatchAssembler
    private var stack: DirectoryStack
    private var frames: [WalkFrame] = []
    private var links = HardLinkGroups()
    private var ignoreRules: IgnoreRules
    private let reuse: PreviousReuse
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
        reuse = PreviousReuse(request: request, previous: previous, store: store)
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
            try enterFrame(path: [], directory: top, device: try top.status().device)
        } else {
            frames.append(
                WalkFrame(
                    path: [],
                    names: NameList(),
                    nodes: tree.top.children,
                    device: 0,
                    rules: ignoreRules.mark,
                    previous: previous
                )
            )
        }
        while !frames.isEmpty {
            steps += 1
            if steps % 64 == 0 { try store.check() }
            try step()
        }
        try assembler.close()
    }

    /// What the files of the innermost open directory are compared with.
    private var currentPrevious: (any PreviousEntries)? {
        frames.isEmpty ? previous : frames[frames.count - 1].previous
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
                    WalkFrame(
                        path: path,
                        names: NameList(),
                        nodes: node.children,
                        device: 0,
                        rules: ignoreRules.mark,
                        previous: currentPrevious
                    )
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
        let previous = currentPrevious
        let decision = try reuse.decide(path, status, kind: kind, previous: previous)
        if kind == .directory {
            return try saveDirectory(name, path: path, status: status, in: directory, device: device, decision)
        }
        var item: BatchItem
        if case .keep(let known) = decision {
            item = BatchItem(entry: known.entry, work: .done)
            item.entry.hardLinkGroup = 0
            item.treeChunks = known.treeChunks
            item.change = .unmodified
        } else {
            item = BatchItem(entry: Entry(path: path, kind: kind, status: status), work: .done)
            item.change = previous?.hadEntry == true ? .changed : .new
            if case .layAnew = decision { item.change = .unmodified }
            if kind == .regular, status.size > 0 {
                item.work = .read(FileToRead(directory: directory, name: name, status: status))
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
        if kind == .regular, case .keep = decision { counters.progress.addFile(bytes: item.entry.size) }
        try assembler.add(item)
    }

    private func saveDirectory(
        _ name: [UInt8],
        path: [UInt8],
        status: FileStatus,
        in directory: Directory,
        device: UInt64,
        _ decision: PreviousReuse.Decision
    ) throws {
        let opened = try directory.openDirectory(name)
        let now = try opened.status()
        var previous = currentPrevious
        var item: BatchItem
        if case .keep(let known) = decision, StatRecord(now) == StatRecord(status) {
            item = BatchItem(entry: known.entry, work: .done)
            item.entry.flags.remove(.implied)
            item.change = .unmodified
        } else {
            item = BatchItem(entry: Entry(path: path, kind: .directory, status: now), work: .done)
            item.entry.attributes = try attributes(try opened.descriptor.extendedAttributes())
            item.change = previous?.hadEntry == true ? .changed : .new
            // A directory that had another path keeps what is in it as it is.
            if let there = previous, !there.hadEntry || there.hadOtherFile {
                previous = try there.moved(now, to: path) ?? there
            }
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
            if let kept = request.selection.marker(among: names, in: opened) {
                names = kept
            } else {
                try ignoreRules.read(in: opened, path: path, names: names)
            }
        }
        frames.append(
            WalkFrame(path: path, names: names, nodes: nil, device: device, rules: mark, previous: previous)
        )
    }

    private func enterFrame(path: [UInt8], directory: Directory, device: UInt64) throws {
        var names = NameList()
        try directory.readNames(into: &names)
        let mark = ignoreRules.mark
        try ignoreRules.read(in: directory, path: path, names: names)
        frames.append(
            WalkFrame(path: path, names: names, nodes: nil, device: device, rules: mark, previous: currentPrevious)
        )
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
