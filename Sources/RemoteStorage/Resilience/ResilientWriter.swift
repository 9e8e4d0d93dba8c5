internal import ObjectStorage

/// An object that is kept here until it is committed, and sent as often as it takes.
final class ResilientWriter: ObjectWriter {
    /// What is sent or compared at a time, bytes.
    private static let pieceLength = 256 * 1024

    private let store: ResilientStore
    /// Nil once the writer has ended.
    private var spool: Spool?
    private(set) var byteCount: UInt64 = 0

    init(_ store: ResilientStore) {
        self.store = store
        spool = Spool(directory: store.settings.spoolDirectory)
    }

    func append(_ bytes: RawSpan) throws {
        guard let spool else { throw ended }
        do {
            try spool.append(bytes)
            byteCount += UInt64(bytes.byteCount)
        } catch {
            abandon()
            throw error
        }
    }

    func commit(as name: ObjectName) throws {
        guard let spool else { throw ended }
        self.spool = nil
        try store.create(name, compare: { try holds(name, spool) }) {
            let writer = try store.base.makeWriter()
            do {
                try spool.read(pieceLength: Self.pieceLength) { piece, _ in
                    store.waitToSend(piece.count)
                    try writer.append(piece)
                }
                try writer.commit(as: name)
            } catch {
                writer.abandon()
                throw error
            }
        }
    }

    func abandon() { spool = nil }

    private var ended: StorageError { StorageError(.other, "this writer has ended already") }

    /// Whether the object of that name is what is kept here.
    private func holds(_ name: ObjectName, _ spool: Spool) throws -> Bool {
        guard try store.base.byteCount(of: name) == spool.byteCount else { return false }
        var isEqual = true
        try spool.read(pieceLength: Self.pieceLength) { piece, offset in
            guard isEqual else { return }
            isEqual = try store.base.read(name, range: offset..<offset + UInt64(piece.count)) == piece
        }
        return isEqual
    }
}
