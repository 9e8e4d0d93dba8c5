internal import FileSystem
internal import ObjectStorage

/// Bytes that are kept to be sent more than once: small ones in memory, others in a file without a name.
final class Spool {
    /// What is kept in memory at most if there is a directory, bytes.
    private static let memoryLimit = 1 << 20

    private let directory: String?
    private var memory: [UInt8] = []
    private var file: Descriptor?
    private(set) var byteCount: UInt64 = 0

    init(directory: String?) { self.directory = directory }

    func append(_ bytes: RawSpan) throws {
        do throws(SystemError) {
            if file == nil, directory != nil, memory.count + bytes.byteCount > Self.memoryLimit { try moveToFile() }
            if let file {
                try file.write(bytes, at: Int64(byteCount))
            } else {
                unsafe bytes.withUnsafeBytes { unsafe memory.append(contentsOf: $0) }
            }
        } catch {
            throw StorageError(
                error.isNoSpace ? .noSpace : .other,
                "what is to be sent cannot be kept in \(directory ?? "memory"): \(error)",
                cause: error
            )
        }
        byteCount += UInt64(bytes.byteCount)
    }

    /// Hands the bytes on in pieces, from the beginning.
    func read(pieceLength: Int, _ body: (_ piece: [UInt8], _ offset: UInt64) throws -> Void) throws {
        var offset: UInt64 = 0
        while offset < byteCount {
            let count = Int(min(UInt64(pieceLength), byteCount - offset))
            var piece: [UInt8]
            if let file {
                piece = [UInt8](repeating: 0, count: count)
                try file.readExactly(from: Int64(offset), into: &piece, at: 0, count: count)
            } else {
                piece = Array(memory[Int(offset)..<Int(offset) + count])
            }
            try body(piece, offset)
            offset += UInt64(count)
        }
    }

    private func moveToFile() throws(SystemError) {
        guard let directory else { return }
        let place = try Directory.open(path: Array(directory.utf8))
        let file: Descriptor
        if let anonymous = try place.createAnonymousFile() {
            file = anonymous
        } else {
            let name = TemporaryName.random()
            file = try place.createFile(name)
            try place.unlink(name)
        }
        try file.write(memory, at: 0)
        memory = []
        self.file = file
    }
}
