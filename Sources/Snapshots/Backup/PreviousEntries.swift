import FileSystem
import Records

/// What a walk compares files with; asked for paths in ascending order only.
protocol PreviousEntries: AnyObject {
    /// The entry of a path if the file still looks the same, and the chunks of its extent tree if it has one.
    func unchanged(_ path: [UInt8], _ status: FileStatus, kind: EntryKind) throws -> PreviousEntry?
    /// Whether there was an entry of that path.
    var hadEntry: Bool { get }
    /// Whether the entry of that path was of another file, by device and inode.
    var hadOtherFile: Bool { get }
    /// What was below a directory that had another path then, recognised by its device and inode.
    func moved(_ status: FileStatus, to path: [UInt8]) throws -> (any PreviousEntries)?
    /// Bundles of which less than half was in use in the last snapshot: what is left in them is laid anew.
    func thinBundles() -> Set<ChunkID>
}

extension PreviousEntries {
    var hadOtherFile: Bool { false }
    func moved(_ status: FileStatus, to path: [UInt8]) throws -> (any PreviousEntries)? { nil }
    func thinBundles() -> Set<ChunkID> { [] }
}

/// An entry of the last snapshot whose file looks unchanged.
struct PreviousEntry {
    var entry: Entry
    /// Pages and data chunks of its extent tree.
    var treeChunks: [ChunkID]
}
