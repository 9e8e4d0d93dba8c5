package import Chunking
package import FileSystem
package import Records
package import Repository

/// What to save.
package enum BackupSource: Sendable {
    /// Files and directories, by absolute paths.
    case files([[UInt8]])
    /// What can be read from a descriptor until its end, as one file of the given name at the top of the snapshot.
    /// `finish` is called at the end of the stream and throws if the producer failed: then nothing is committed.
    case stream(name: [UInt8], descriptor: Int32, finish: @Sendable () throws -> Void)
}

/// How an entry is selected during the walk; asked for each name below a root, with its absolute path.
package struct WalkSelection: Sendable {
    /// Whether a path is left out; a directory that is left out is not entered.
    package var excludes: @Sendable (_ path: [UInt8], _ isDirectory: Bool) -> Bool = { _, _ in false }
    /// Names of ignore files in gitignore syntax that count from their directory on, as `.holdfastignore`.
    package var ignoreFileNames: [String] = [".holdfastignore"]
    /// Whether directories with a CACHEDIR.TAG are left out, but for the tag.
    package var excludesCaches = false
    /// A directory that holds a file of one of these names, with this first line if one is given, is left out but for
    /// the marker.
    package var markerFiles: [(name: [UInt8], header: [UInt8]?)] = []
    /// Files above this size are left out, bytes.
    package var largestFile: UInt64?
    /// Directories that are left out wherever they are met: the repository itself.
    package var excludedDirectories: Set<FileIdentity> = []
    /// Whether other file systems than that of the root are left out.
    package var oneFileSystem = false
    /// Whether file systems that hold no data, such as /proc, are walked even if they are no roots.
    package var includesPseudoFileSystems = false

    /// Everything.
    package init() {}
}

/// One backup to make.
package struct BackupRequest: Sendable {
    /// The dataset's name.
    package var dataset: String
    /// What to save.
    package var source: BackupSource
    /// What to leave out.
    package var selection = WalkSelection()
    /// Exclude patterns as typed, for the record.
    package var excludePatterns: [[UInt8]] = []
    /// Host name for the record.
    package var host: String
    /// User name for the record.
    package var user = ""
    /// Tags.
    package var tags: [String] = []
    /// A note.
    package var note = ""
    /// The snapshot's time, ns; now if absent.
    package var time: Int64?
    /// Whether to read every file even if it seems unchanged.
    package var rereadsAll = false
    /// A snapshot to compare files with by size and modification time, instead of this host's file cache.
    package var parent: ObjectHash?
    /// What the parent must have in common with this snapshot, if it is to be found otherwise than as the newest of the
    /// dataset.
    package var parentGrouping: ParentGrouping?
    /// Whether nothing is committed if nothing has changed since the parent.
    package var skipsIfUnchanged = false
    /// Whether nothing is stored.
    package var isDryRun = false
    /// How chunks are compressed.
    package var compression = CompressionSetting.standard
    /// How files are cut.
    package var chunker = ChunkerParameters.files
    /// How many files are read at the same time.
    package var readConcurrency = 2
    /// How many threads compress and encrypt; the number of processors if absent.
    package var workers: Int?
    /// Silence longer than this is withholding, seconds; 0 promises nothing.
    package var interval: UInt64 = 0
    /// How the run writes.
    package var writing = WriteOptions()
    /// Program and version for the record.
    package var program = ""

    /// The required parts.
    package init(dataset: String, source: BackupSource, host: String) {
        self.dataset = dataset
        self.source = source
        self.host = host
    }
}

/// What happens to one item.
package enum ItemChange: String, Sendable {
    case new
    case changed = "modified"
    case unmodified = "unchanged"
}

/// Told of a backup's course, from any thread.
package protocol BackupObserver: Sendable {
    /// An item could not be saved; the rest goes on.
    func itemFailed(_ path: [UInt8], _ error: any Error)
    /// A file changed while it was read, more often than it was read again; it is saved as it was read last.
    func fileChanged(_ path: [UInt8])
    /// An item was dealt with (called only if `wantsItems`).
    func item(_ path: [UInt8], _ change: ItemChange, bytes: UInt64)
    /// Whether `item` is to be called.
    var wantsItems: Bool { get }
    /// Something worth a warning.
    func warning(_ message: String)
    /// What these mounts show was left out, because file systems of their kind hold no data; told once at most.
    func leftOut(_ mounts: [(path: [UInt8], kind: String)])
}

extension BackupObserver {
    /// Says nothing.
    package func leftOut(_ mounts: [(path: [UInt8], kind: String)]) {}
}

/// What a backup did.
package struct BackupSummary: Sendable {
    /// The new snapshot; none after a dry run or if nothing had changed.
    package var snapshot: ObjectHash?
    /// The snapshot that files were compared with.
    package var parent: ObjectHash?
    /// Counts.
    package var statistics: SnapshotStatistics
    /// Further counts.
    package var tally: BackupTally
    /// Bytes of packs written, with headers and padding.
    package var packBytes: UInt64
    /// Whether nothing was committed because nothing had changed.
    package var isSkipped: Bool
}
