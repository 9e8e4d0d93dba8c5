import FileSystem

/// Bytes that are collected and read back once, in a file without a name when they become many.
struct SpillBuffer {
    private static let longestInMemory = 4 << 20

    private let directory: () throws -> Directory
    private var bytes: [UInt8] = []
    private var file: Descriptor?

    /// - Parameter directory: where the file is made if it is needed.
    init(directory: @escaping () throws -> Directory) { self.directory = directory }

    mutating func append(_ more: [UInt8]) throws {
        bytes += more
        if bytes.count > SpillBuffer.longestInMemory { try spill() }
    }

    /// Hands on everything, in order.
    func forEachPiece(_ body: (RawSpan) throws -> Void) throws {
        if let file {
            var buffer = [UInt8](repeating: 0, count: 256 << 10)
            var offset: Int64 = 0
            while true {
                let count = try file.read(from: offset, into: &buffer, at: 0, count: buffer.count)
                if count == 0 { break }
                let piece = buffer
                try unsafe body(piece.span.bytes.extracting(0..<count))
                offset += Int64(count)
            }
        }
        try unsafe body(bytes.span.bytes)
    }

    private mutating func spill() throws {
        let target: Descriptor
        if let file {
            target = file
        } else {
            let directory = try self.directory()
            if let anonymous = try directory.createAnonymousFile() {
                target = anonymous
            } else {
                let name = TemporaryName.random()
                target = try directory.createFile(name)
                try directory.unlink(name)
            }
            file = target
        }
        try target.write(bytes)
        bytes.removeAll(keepingCapacity: true)
    }
}
