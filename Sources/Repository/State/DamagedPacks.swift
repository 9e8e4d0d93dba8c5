import Cryptography
package import FileSystem
package import Records
import Threads

/// Packs that this host has found damaged: a backup does not refer to what is in them, and stores it again if it still
/// exists.
///
/// Kept in one small file of the local state. Losing it means that damage is found anew by the next check.
package final class DamagedPacks: Sendable {
    private static let fileName = Array("damaged-packs".utf8)
    private static let lockName = Array("damaged-packs.lock".utf8)
    private static let magic = Array("HFSDAMG1".utf8)
    /// Above so many packs more are not remembered: then the whole store is in a bad way.
    private static let mostPacks = 1 << 20

    private let directory: Directory?
    private let known: Monitor<Set<ObjectHash>>

    /// Reads what is remembered in a directory of local state; nothing if there is none, or the file is damaged.
    package init(directory: Directory?) {
        self.directory = directory
        known = Monitor(DamagedPacks.load(directory))
    }

    /// The packs.
    package var names: Set<ObjectHash> { known.withLock { $0 } }

    /// Remembers a pack, for this and later runs.
    package func note(_ pack: ObjectHash) { change { $0.count < DamagedPacks.mostPacks && $0.insert(pack).inserted } }

    /// Forgets a pack that is whole again, or gone.
    package func forget(_ pack: ObjectHash) { change { $0.remove(pack) != nil } }

    private func change(_ body: (inout Set<ObjectHash>) -> Bool) {
        known.withLock { known in
            guard body(&known), let directory else { return }
            // A disk that is full or read-only must not keep anybody from reading; the run at hand knows in any case.
            guard let lock = DamagedPacks.lock(directory) else { return }
            var stored = DamagedPacks.load(directory)
            _ = body(&stored)
            known.formUnion(stored)
            _ = body(&known)
            try? directory.writeFileAtomically(DamagedPacks.fileName, DamagedPacks.encode(known))
            try? lock.release()
        }
    }

    private static func lock(_ directory: Directory) -> FileLock? {
        for _ in 0..<400 {
            guard let taken = try? FileLock.acquire(in: directory, lockName) else {
                pauseMilliseconds(5)
                continue
            }
            return taken
        }
        return nil
    }

    private static func encode(_ packs: Set<ObjectHash>) -> [UInt8] {
        var bytes = magic
        for pack in packs.sorted() { pack.append(to: &bytes) }
        (try? unsafe SHA256.hash(bytes.span.bytes))?.append(to: &bytes)
        return bytes
    }

    private static func load(_ directory: Directory?) -> Set<ObjectHash> {
        let limit = magic.count + (mostPacks + 1) * Digest.byteCount
        guard let bytes = try? directory?.readFile(fileName, limit: limit),
            bytes.count >= magic.count + Digest.byteCount, bytes.starts(with: magic),
            (bytes.count - magic.count) % Digest.byteCount == 0
        else { return [] }
        let end = bytes.count - Digest.byteCount
        guard unsafe (try? SHA256.hash(bytes.span.bytes.extracting(0..<end))) == Digest(in: bytes.span.bytes, at: end)
        else {
            return []
        }
        let starts = stride(from: magic.count, to: end, by: Digest.byteCount)
        return Set(starts.compactMap { unsafe Digest(in: bytes.span.bytes, at: $0) })
    }
}
