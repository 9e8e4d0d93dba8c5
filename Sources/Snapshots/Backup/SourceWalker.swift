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
    private var mountKinds = MountKinds()
    private var leftOut: [(path: [UInt8], kind: String)] = []
    /// The paths that were asked for, also those below others, as the manifest has them.
    private let roots: Set<[UInt8]>

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
        if case .files(let paths) = request.source {
            roots = Set(paths.map { Array($0.split(separator: UInt8(ascii: "/")).joined(separator: "/".utf8)) })
        } else {
            roots = []
        }
        ignoreRules = IgnoreRules(fileNames: request.selection.ignoreFileNames)
    }

    /// Walks everything.
    ///
    /// - Throws: only what ends the run; items that cannot be read are reported and left out.
    func walk(_ tree: RootTree) throws {
        let top = stack.current
        if tree.top.isRoot {
            let device = try top.status().device
            try enterFrame(path: [], directory: top, surroundings(of: top, on: device, root: device))
        } else {
            frames.append(
                WalkFrame(
                    path: [],
                    names: NameList(),
                    nodes: tree.top.children,
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
        if !leftOut.isEmpty { observer.leftOut(leftOut) }
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
        let surroundings = surroundings(of: directory, on: try directory.status().device, root: status.device)
        try save(name, path: path, status: status, in: directory, surroundings)
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
            if kind == .directory, request.selection.excludedDirectories.contains(known.identity) { return }
            if let largest = request.selection.largestFile, known.kind == .regular,
                known.size > Int64(clamping: largest)
            {
                return
            }
            try save(name, path: path, status: known, in: stack.current, frames[frame].surroundings)
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
        _ surroundings: WalkSurroundings
    ) throws {
        guard path.count <= PathOrder.longestPath else {
            return fail([UInt8(ascii: "/")] + path, PathTooLong(byteCount: path.count))
        }
        let kind = EntryKind(status.kind)
        let previous = currentPrevious
        var decision = try reuse.decide(path, status, kind: kind, previous: previous)
        if kind == .directory {
            return try saveDirectory(name, path: path, status: status, in: directory, surroundings, decision)
        }
        var hidesSize = kind == .regular && surroundings.hidesSizes
        if kind == .regular, status.flags.contains(.mountRoot) {
            let type = (try? directory.openFile(name).fileSystemSpace().type) ?? 0
            hidesSize = PseudoFileSystem.hidesSizes(type: type)
            // As with directories, the name is kept.
            if let kind = excludedKind(type), !roots.contains(path) {
                leftOut.append(([UInt8(ascii: "/")] + path, kind))
                var entry = Entry(path: path, kind: .regular, status: status)
                entry.size = 0
                return try assembler.add(BatchItem(entry: entry, work: .done))
            }
        }
        // There, neither size nor times say whether the content is the same.
        if hidesSize { decision = .none }
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
            if kind == .regular, status.size > 0 || hidesSize {
                item.work = .read(
                    FileToRead(directory: directory, name: name, status: status, hidesSize: hidesSize)
                )
            } else {
                if kind == .symbolicLink { item.entry.linkTarget = try directory.readLink(name) }
                item.entry.attributes = try attributes(try directory.extendedAttributes(name))
            }
        }
        if status.linkCount > 1 {
            let group = links.group(of: status, path: path)
            item.entry.hardLinkGroup = group.number
            if !group.isFirst { item.work = .linked }
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
        _ surroundings: WalkSurroundings,
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
        let isRoot = roots.contains(path)
        let rootDevice = isRoot ? now.device : surroundings.rootDevice
        let rest = isRoot || isEntered(path, opened, now, surroundings)
        if rest { try opened.readNames(into: &names) }
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
        var frame = WalkFrame(
            path: path,
            names: names,
            surroundings: self.surroundings(of: opened, on: now.device, root: rootDevice),
            rules: mark,
            previous: previous
        )
        if !rest {
            // What is asked for below is still saved.
            let below = roots.filter { $0.count > path.count && PathOrder.isPath($0, atOrBelow: path) }
            if !below.isEmpty {
                frame.nodes = RootTree(below.map { Array($0.dropFirst(path.count)) }).top.children
            }
        }
        frames.append(frame)
    }

    private func surroundings(of directory: Directory, on device: UInt64, root: UInt64) -> WalkSurroundings {
        let type = mountKinds.type(of: device, directory)
        return WalkSurroundings(rootDevice: root, hidesSizes: PseudoFileSystem.hidesSizes(type: type))
    }

    /// Whether what is in a directory that nobody named is saved.
    private func isEntered(
        _ path: [UInt8],
        _ directory: Directory,
        _ status: FileStatus,
        _ outside: WalkSurroundings
    ) -> Bool {
        guard status.device != outside.rootDevice else { return true }
        if request.selection.oneFileSystem { return false }
        guard let kind = excludedKind(mountKinds.type(of: status.device, directory)) else { return true }
        leftOut.append(([UInt8(ascii: "/")] + path, kind))
        return false
    }

    /// The name of a kind of file system that is not entered unasked.
    private func excludedKind(_ type: UInt64) -> String? {
        request.selection.includesPseudoFileSystems ? nil : PseudoFileSystem.name(ofType: type)
    }

    private func enterFrame(path: [UInt8], directory: Directory, _ surroundings: WalkSurroundings) throws {
        var names = NameList()
        try directory.readNames(into: &names)
        let mark = ignoreRules.mark
        try ignoreRules.read(in: directory, path: path, names: names)
        frames.append(
            WalkFrame(path: path, names: names, surroundings: surroundings, rules: mark, previous: currentPrevious)
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
