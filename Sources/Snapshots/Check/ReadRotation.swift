import Cryptography
import FileSystem
import Records
import Threads

/// Remembers in a file which run of a check has read each pack last.
///
/// Losing it is harmless: the rotation begins anew.
/// Runs are numbered rather than dated, so that a clock that jumps cannot keep a pack from being read.
final class ReadRotation: Sendable {
    private static let fileName = Array("check-rotation".utf8)
    private static let magic = Array("HFSCHKR1".utf8)
    /// Room for some ten million packs.
    private static let longestFile = 160 << 20

    private struct State {
        /// Number of this run.
        var run: UInt64 = 1
        /// The run that has read a pack last, by the leading 64 bits of its name.
        var lastRuns: [UInt64: UInt64] = [:]
        var changes = 0
    }

    private let directory: Directory?
    private let state: Monitor<State>

    /// Loads what is remembered, and begins a run.
    init(directory: Directory?) {
        self.directory = directory
        let bytes = try? directory?.readFile(ReadRotation.fileName, limit: ReadRotation.longestFile)
        var state = bytes.flatMap { ReadRotation.decode($0) } ?? State()
        if state.run < .max { state.run += 1 }
        self.state = Monitor(state)
    }

    /// Whether anything can be remembered.
    var isPersistent: Bool { directory != nil }

    /// The number of the run that has read a pack last; 0 if none has.
    func lastRun(of pack: ObjectHash) -> UInt64 { state.withLock { $0.lastRuns[pack.prefix64] ?? 0 } }

    /// Notes that this run has read a pack and found it good; now and then writes the file, so that a run that is cut
    /// short counts as well.
    func note(_ pack: ObjectHash) throws {
        let isDue = state.withLock { state in
            state.lastRuns[pack.prefix64] = state.run
            state.changes += 1
            return state.changes >= 256
        }
        if isDue { try store() }
    }

    /// Forgets packs that are no more.
    func keep(only packs: some Sequence<ObjectHash>) {
        let present = Set(packs.lazy.map(\.prefix64))
        state.withLock { state in state.lastRuns = state.lastRuns.filter { present.contains($0.key) } }
    }

    /// Writes the file.
    func store() throws {
        guard let directory else { return }
        let bytes = state.withLock { state in
            state.changes = 0
            return ReadRotation.encode(state)
        }
        var whole = bytes
        unsafe try SHA256.hash(bytes.span.bytes).append(to: &whole)
        try directory.writeFileAtomically(ReadRotation.fileName, whole)
    }

    private static func encode(_ state: State) -> [UInt8] {
        var bytes = magic
        bytes.reserveCapacity(magic.count + (state.lastRuns.count + 1) * 16 + Digest.byteCount)
        append(state.run, to: &bytes)
        for (pack, run) in state.lastRuns {
            append(pack, to: &bytes)
            append(run, to: &bytes)
        }
        return bytes
    }

    private static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    private static func decode(_ bytes: [UInt8]) -> State? {
        let bodyCount = bytes.count - Digest.byteCount
        guard bodyCount >= magic.count + 8, bytes.starts(with: magic) else { return nil }
        let body = Array(bytes[..<bodyCount])
        guard unsafe (try? SHA256.hash(body.span.bytes)) == Digest(Array(bytes[bodyCount...])) else { return nil }
        var reader = ByteReader(body[magic.count...], what: "rotation of checks")
        var state = State()
        do throws(RecordError) {
            state.run = try reader.u64()
            while !reader.isAtEnd {
                let pack = try reader.u64()
                state.lastRuns[pack] = try reader.u64()
            }
        } catch {
            return nil
        }
        return state
    }
}
