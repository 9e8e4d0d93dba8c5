import Cryptography
import FileSystem
import Records
import Repository

/// Writes pieces of large files, using what the replaced file has already.
///
/// One per thread.
final class LargeFileWriter {
    private let context: RestoreContext
    private let content: ContentReader
    /// Recognises chunks in old files; nil when the keys for that are not at hand.
    private let identifier: IdentifierBox?
    private var buffer: [UInt8] = []

    private final class IdentifierBox {
        var identifier: ChunkIdentifier
        init(_ identifier: consuming ChunkIdentifier) { self.identifier = identifier }
    }

    init(context: RestoreContext, content: ContentReader) {
        self.context = context
        self.content = content
        // Chunks of another domain or of an earlier epoch are not recognised, and read from the repository.
        identifier = try? LargeFileWriter.makeIdentifier(context.repository)
    }

    private static func makeIdentifier(_ repository: Repository) throws -> IdentifierBox {
        let domain = try repository.defaultDomain()
        return IdentifierBox(
            try ChunkIdentifier(keys: try repository.keys(domain: domain.id, epoch: domain.epoch))
        )
    }

    /// Gives a new file its size, and where the file system can do so all blocks of the file that it will replace.
    ///
    /// - Returns: the file that it will replace, if parts of it may be used again.
    func prepare(_ file: Descriptor, for item: RestoreItem) throws -> ReusableFile? {
        var old: ReusableFile?
        if identifier != nil, item.existing?.kind == .regular, let opened = try? item.directory.openFile(item.name),
            let status = try? opened.status(), status.kind == .regular, status.size > 0
        {
            let isCloned = (try? file.cloneRange(of: opened, from: 0, count: 0, to: 0)) ?? false
            old = ReusableFile(file: isCloned ? file : opened, size: UInt64(status.size), isCloned: isCloned)
        }
        try file.truncate(to: Int64(item.entry.size))
        return old
    }

    /// Writes one piece.
    func write(_ piece: LargeFile.Piece, of file: LargeFile) throws {
        for (extent, offset) in piece.extents {
            try context.check()
            switch extent {
            case .hole(let length):
                if file.old?.isCloned == true { try clear(file.staged.file, at: offset, length) }
            case .chunk(let id, let start, let length):
                if start == 0, try reuse(id, length, at: offset, of: file) { continue }
                try content.withBytes(of: id, offset: start, length: length) { bytes in
                    try file.staged.file.write(bytes, at: Int64(offset))
                }
            }
        }
    }

    /// Takes a chunk from the old file, where it is at the same place.
    ///
    /// The bytes that are compared are those that end up in the new file: what somebody does to the old one meanwhile
    /// does not matter.
    private func reuse(_ id: ChunkID, _ length: UInt64, at offset: UInt64, of file: LargeFile) throws -> Bool {
        guard let old = file.old, let identifier, offset <= old.size, length <= old.size - offset else { return false }
        // The id can only be computed of a whole chunk.
        guard let location = try context.index.locations(of: id).first, UInt64(location.entry.plainLength) == length
        else { return false }
        let count = Int(length)
        if buffer.count < count { buffer = [UInt8](repeating: 0, count: count) }
        guard try old.file.read(from: Int64(offset), into: &buffer, at: 0, count: count) == count else { return false }
        let bytes = buffer
        let found = unsafe try identifier.identifier.identify(bytes.span.bytes.extracting(0..<count), type: .data)
        guard found == id else { return false }
        if !old.isCloned {
            unsafe try file.staged.file.write(bytes.span.bytes.extracting(0..<count), at: Int64(offset))
        }
        return true
    }

    /// Makes a range of the file a hole, or zeros where the file system knows no holes.
    private func clear(_ file: Descriptor, at offset: UInt64, _ length: UInt64) throws {
        if try file.punchHole(at: Int64(offset), count: Int64(length)) { return }
        let zeros = [UInt8](repeating: 0, count: Int(min(length, 1 << 20)))
        var done: UInt64 = 0
        while done < length {
            let count = Int(min(UInt64(zeros.count), length - done))
            unsafe try file.write(zeros.span.bytes.extracting(0..<count), at: Int64(offset + done))
            done += UInt64(count)
        }
    }
}
