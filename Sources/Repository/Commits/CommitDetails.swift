package import Cryptography
package import Records

/// Counts of one backup.
package struct SnapshotStatistics: Sendable, Hashable {
    /// Files and other items that the parent did not have.
    package var filesNew: UInt64 = 0
    /// Those that had changed since the parent.
    package var filesChanged: UInt64 = 0
    /// Those that were as in the parent.
    package var filesUnmodified: UInt64 = 0
    /// Directories.
    package var directories: UInt64 = 0
    /// Bytes read from files.
    package var bytesRead: UInt64 = 0
    /// Plain bytes of chunks that were stored.
    package var bytesAdded: UInt64 = 0
    /// Bytes that these take in packs, without padding and headers.
    package var bytesStored: UInt64 = 0
    /// Items that could not be saved.
    package var failures: UInt64 = 0
    /// Duration, milliseconds.
    package var milliseconds: UInt64 = 0
    /// Entries of the manifest, without directory ends.
    package var entries: UInt64 = 0
    /// Bytes of content of all regular files.
    package var contentBytes: UInt64 = 0
    private var unknown = UnknownFields()

    /// All zero.
    package init() {}

    private static let paths: [(tag: UInt64, path: any WritableKeyPath<SnapshotStatistics, UInt64> & Sendable)] = [
        (2, \.filesNew), (4, \.filesChanged), (6, \.filesUnmodified), (8, \.directories), (10, \.bytesRead),
        (12, \.bytesAdded), (14, \.bytesStored), (16, \.failures), (18, \.milliseconds), (20, \.entries),
        (22, \.contentBytes),
    ]

    func write(to fields: inout FieldWriter) {
        for (tag, path) in SnapshotStatistics.paths { fields.integer(tag, self[keyPath: path]) }
        fields.unknown(unknown)
    }

    init(reading field: Field) throws {
        var reader = try field.reader(what: "statistics")
        while let field = try reader.next() {
            guard let path = SnapshotStatistics.paths.first(where: { $0.tag == field.tag })?.path else {
                try field.requireKnown("statistics", keep: &unknown)
                continue
            }
            self[keyPath: path] = try field.integer()
        }
    }
}

/// Chunker and parameters that a snapshot was cut by, as numbers of the format.
package struct ChunkerRecord: Sendable, Hashable {
    /// The kind of chunker (format.md §15).
    package var kind: UInt64
    /// Shortest chunk, bytes.
    package var minimum: UInt64
    /// Mean length, bytes.
    package var average: UInt64
    /// Longest chunk, bytes.
    package var maximum: UInt64
    fileprivate var unknown = UnknownFields()

    /// Puts the numbers together.
    package init(kind: UInt64, minimum: UInt64, average: UInt64, maximum: UInt64) {
        self.kind = kind
        self.minimum = minimum
        self.average = average
        self.maximum = maximum
    }
}

/// The sealed part of a commit (format.md §11): what only readers and managers learn of a snapshot.
package struct CommitDetails: Sendable, Hashable {
    /// The dataset's name.
    package var dataset: String
    /// The snapshot's time, ns.
    package var time: Int64
    /// The host's name.
    package var host = ""
    /// The paths that were saved.
    package var paths: [[UInt8]] = []
    /// The user that ran the backup.
    package var user = ""
    /// Labels.
    package var tags: [String] = []
    /// A note.
    package var note = ""
    /// Program and version.
    package var program = ""
    /// Counts.
    package var statistics = SnapshotStatistics()
    /// Exclude patterns.
    package var excludes: [[UInt8]] = []
    /// The snapshot that files were compared with.
    package var parent: ObjectHash?
    /// The snapshot of another repository that this one is a copy of.
    package var original: ObjectHash?
    /// Whether some items could not be saved.
    package var isIncomplete = false
    /// Whether a sanity brake fired.
    package var isSuspect = false
    /// Digest of the manifest's root.
    package var rootDigest: Digest?
    /// What cut the chunks.
    package var chunker: ChunkerRecord?
    private var unknown = UnknownFields()

    /// The required parts.
    package init(dataset: String, time: Int64) {
        self.dataset = dataset
        self.time = time
    }

    func encoded() -> [UInt8] {
        var fields = FieldWriter()
        fields.text(1, dataset)
        fields.signed(3, time)
        fields.text(4, host)
        fields.repeatedBytes(5, paths)
        fields.text(6, user)
        fields.repeatedText(8, tags)
        fields.text(10, note)
        fields.text(12, program)
        if statistics != SnapshotStatistics() { fields.record(14) { statistics.write(to: &$0) } }
        fields.repeatedBytes(16, excludes)
        fields.digest(18, parent)
        fields.integer(19, (isIncomplete ? 1 : 0) | (isSuspect ? 2 : 0))
        fields.digest(21, rootDigest)
        if let chunker {
            fields.record(23) {
                $0.integer(1, chunker.kind)
                $0.integer(3, chunker.minimum)
                $0.integer(5, chunker.average)
                $0.integer(7, chunker.maximum)
                $0.unknown(chunker.unknown)
            }
        }
        fields.digest(24, original)
        fields.unknown(unknown)
        return fields.bytes
    }

    /// Reads the opened bytes.
    ///
    /// - Throws: `RecordError` for malformed bytes or a field that this version must know and does not.
    package init(decoding bytes: [UInt8]) throws {
        var reader = FieldReader(bytes, what: "sealed part of a commit", repeated: [5, 8, 16])
        self.init(dataset: "", time: 0)
        while let field = try reader.next() {
            switch field.tag {
            case 1: dataset = try field.text()
            case 3: time = try field.signed()
            case 4: host = try field.text()
            case 5: paths.append(try field.bytes())
            case 6: user = try field.text()
            case 8: tags.append(try field.text())
            case 10: note = try field.text()
            case 12: program = try field.text()
            case 14:
                statistics = try SnapshotStatistics(reading: field)
                guard statistics != SnapshotStatistics() else {
                    throw RecordError(.malformed, "the sealed part of a commit has statistics that say nothing")
                }
            case 16: excludes.append(try field.bytes())
            case 18: parent = try field.digest()
            case 19:
                let flags = try field.integer()
                guard flags <= 3 else {
                    throw RecordError(
                        .unsupported,
                        "the sealed part of a commit has flags \(flags), which this version does not know"
                    )
                }
                isIncomplete = flags & 1 != 0
                isSuspect = flags & 2 != 0
            case 21: rootDigest = try field.digest()
            case 23: chunker = try ChunkerRecord(reading: field)
            case 24: original = try field.digest()
            default: try field.requireKnown("sealed part of a commit", keep: &unknown)
            }
        }
    }
}

extension ChunkerRecord {
    fileprivate init(reading field: Field) throws {
        self.init(kind: 0, minimum: 0, average: 0, maximum: 0)
        var reader = try field.reader(what: "chunker")
        while let field = try reader.next() {
            switch field.tag {
            case 1: kind = try field.integer()
            case 3: minimum = try field.integer()
            case 5: average = try field.integer()
            case 7: maximum = try field.integer()
            default: try field.requireKnown("chunker", keep: &unknown)
            }
        }
    }
}
