import FileSystem

/// Loads the regular files below some paths into memory, slice by slice.
final class BenchmarkSource {
    /// A piece of work within a slice.
    struct Unit: Sendable {
        /// Where it lies.
        var range: Range<Int>
        /// The lengths of the files in it, if it is a bundle; otherwise it is cut by content.
        var bundled: [Int]?
    }

    /// What is processed between two readings.
    struct Slice: Sendable {
        var bytes: [UInt8] = []
        var units: [Unit] = []
    }

    /// Large files are cut in pieces of this length, so that all threads have work to a slice's end.
    private static let pieceByteCount = 16 << 20

    private let limits: BatchAssembler.Limits
    private let sliceByteCount: Int
    private var slice = Slice()
    private var bundleStart = 0
    private var bundled: [Int] = []
    private var seen: Set<FileIdentity> = []
    private let body: (inout Slice) throws -> Void
    /// Files that were loaded.
    private(set) var fileCount = 0

    init(limits: BatchAssembler.Limits, sliceByteCount: Int, body: @escaping (inout Slice) throws -> Void) {
        self.limits = limits
        self.sliceByteCount = sliceByteCount
        self.body = body
    }

    /// Loads a file or directory, given by an absolute path, and what is below it.
    func load(_ path: [UInt8]) throws {
        let slash = path.lastIndex(of: UInt8(ascii: "/")) ?? 0
        let parent = try Directory.open(path: slash == 0 ? [UInt8(ascii: "/")] : Array(path[..<slash]))
        let name = Array(path[(slash + 1)...])
        if name.isEmpty { try load(below: parent) } else { try load(name, in: parent) }
    }

    /// Hands on what is left.
    func finish() throws {
        closeBundle()
        if !slice.units.isEmpty { try handOn() }
    }

    private func load(below directory: Directory) throws {
        let names = try directory.names()
        for index in 0..<names.count {
            // What cannot be read is left out, as is what has gone meanwhile.
            do { try load(names[index], in: directory) } catch is SystemError {}
        }
    }

    private func load(_ name: [UInt8], in directory: Directory) throws {
        let status = try directory.status(name)
        switch status.kind {
        case .directory: try load(below: try directory.openDirectory(name))
        case .regular where status.size > 0:
            if status.linkCount > 1, !seen.insert(status.identity).inserted { return }
            let file = try directory.openFile(name, for: .reading)
            defer { try? file.close() }
            if UInt64(status.size) <= limits.smallFile {
                try loadSmall(file, byteCount: Int(status.size))
            } else {
                try loadLarge(file)
            }
            fileCount += 1
        default: break
        }
    }

    private func loadSmall(_ file: Descriptor, byteCount: Int) throws {
        if bundled.isEmpty { bundleStart = slice.bytes.count }
        let start = slice.bytes.count
        slice.bytes.append(contentsOf: repeatElement(0, count: byteCount))
        let count = try file.read(from: 0, into: &slice.bytes, at: start, count: byteCount)
        slice.bytes.removeLast(byteCount - count)
        bundled.append(count)
        if slice.bytes.count - bundleStart >= Int(limits.mean) { closeBundle() }
        if slice.bytes.count >= sliceByteCount {
            closeBundle()
            try handOn()
        }
    }

    private func loadLarge(_ file: Descriptor) throws {
        closeBundle()
        var position: Int64 = 0
        while true {
            let start = slice.bytes.count
            slice.bytes.append(contentsOf: repeatElement(0, count: BenchmarkSource.pieceByteCount))
            let count = try file.read(
                from: position,
                into: &slice.bytes,
                at: start,
                count: BenchmarkSource.pieceByteCount
            )
            slice.bytes.removeLast(BenchmarkSource.pieceByteCount - count)
            if count > 0 { slice.units.append(Unit(range: start..<start + count, bundled: nil)) }
            position += Int64(count)
            if slice.bytes.count >= sliceByteCount { try handOn() }
            if count < BenchmarkSource.pieceByteCount { return }
        }
    }

    private func closeBundle() {
        guard !bundled.isEmpty else { return }
        slice.units.append(Unit(range: bundleStart..<slice.bytes.count, bundled: bundled))
        bundled = []
    }

    private func handOn() throws {
        try body(&slice)
        slice.bytes.removeAll(keepingCapacity: true)
        slice.units.removeAll(keepingCapacity: true)
    }
}
