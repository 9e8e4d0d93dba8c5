import Cryptography
package import Records
import Threads

/// The index in use: cached tables on disk, and what the present run adds.
///
/// One lock guards it; a look-up costs about a microsecond, and nothing is held per chunk in memory but the ids that
/// the run has stored since its last fragment.
package final class LocalIndex: Sendable {
    /// What `reserve` tells a writer.
    package enum Reservation: Sendable, Hashable {
        /// The chunk is stored already, or another thread is storing it.
        case known
        /// The caller must store the chunk now.
        case reserved
    }

    private struct Loaded {
        let table: IndexTable
        /// Whether a writer may refer to the chunks: its own signed lists, or an attestation, vouch for them.
        let isReusable: Bool
        /// Whether this run has made it.
        let isOfRun: Bool
        /// Whether an attestation vouches for it: it may name packs that are gone.
        var isAttested = false
        var used: [Bool]
        var missing: [Bool]

        init(table: IndexTable, isReusable: Bool, isOfRun: Bool) {
            self.table = table
            self.isReusable = isReusable
            self.isOfRun = isOfRun
            used = [Bool](repeating: false, count: table.packCount)
            missing = [Bool](repeating: false, count: table.packCount)
        }
    }

    private struct State {
        var tables: [Loaded]
        var claimed: Set<ChunkID> = []
        var isCacheDamaged = false
    }

    private let state: Monitor<State>
    /// How many of the ways to find a chunk that the tables do not have, or have wrongly, were tried.
    let recovery = Monitor(0)
    /// How many frames of each pack each table has; counted when a check asks first.
    let frameCountsByPack = Monitor<[ObjectHash: [Int]]?>(nil)
    /// Packs of which a bad copy of a chunk was told.
    let doubtfulPacks = Monitor<Set<ObjectHash>>([])
    /// Whether tables came from the local cache, which may be damaged or behind.
    let isFromCache: Bool

    /// Takes tables into use.
    package init(
        reusable: [IndexTable],
        attested: [IndexTable] = [],
        others: [IndexTable],
        isFromCache: Bool = false
    ) {
        self.isFromCache = isFromCache
        let attested = attested.map { table in
            var loaded = Loaded(table: table, isReusable: true, isOfRun: false)
            loaded.isAttested = true
            return loaded
        }
        state = Monitor(
            State(
                tables: reusable.map { Loaded(table: $0, isReusable: true, isOfRun: false) } + attested
                    + others.map { Loaded(table: $0, isReusable: false, isOfRun: false) }
            )
        )
    }

    /// Chunks described; one that several packs hold counts several times.
    package var entryCount: Int { state.withLock { $0.tables.reduce(0) { $0 + $1.table.entryCount } } }

    /// All places where a chunk lies, those in packs found missing last.
    package func locations(of id: ChunkID) throws -> [ChunkLocation] {
        state.withLock { state in
            var found: [ChunkLocation] = []
            var doubtful: [ChunkLocation] = []
            for loaded in state.tables {
                guard var position = loaded.table.position(of: id) else { continue }
                repeat {
                    // A damaged table is as one that lacks the chunk: there are other ways to find it.
                    guard let location = try? loaded.table.location(at: position) else { break }
                    if loaded.missing[loaded.table.pack(at: position)] {
                        doubtful.append(location)
                    } else {
                        found.append(location)
                    }
                    position += 1
                } while position < loaded.table.entryCount && loaded.table.id(at: position) == id
            }
            return found + doubtful
        }
    }

    /// Asks whether a chunk must be stored; the answer `reserved` makes the caller the one who does it.
    package func reserve(_ id: ChunkID) -> Reservation {
        state.withLock { state in
            if state.claimed.contains(id) || use(id, in: &state) { return .known }
            state.claimed.insert(id)
            return .reserved
        }
    }

    /// Whether a snapshot may refer to a chunk without storing it; if so, its pack is noted as referred to.
    package func isReusable(_ id: ChunkID) -> Bool {
        state.withLock { state in state.claimed.contains(id) || use(id, in: &state) }
    }

    private func use(_ id: ChunkID, in state: inout State) -> Bool {
        for index in state.tables.indices where state.tables[index].isReusable {
            let table = state.tables[index].table
            guard var position = table.position(of: id) else { continue }
            repeat {
                let pack = table.pack(at: position)
                if pack < table.packCount, !state.tables[index].missing[pack] {
                    state.tables[index].used[pack] = true
                    return true
                }
                position += 1
            } while position < table.entryCount && table.id(at: position) == id
        }
        return false
    }

    /// Takes in a table of packs that the run has stored; their ids need not be held in memory any longer.
    package func add(_ table: IndexTable) {
        state.withLock { state in
            for position in 0..<table.entryCount { state.claimed.remove(table.id(at: position)) }
            state.tables.append(Loaded(table: table, isReusable: true, isOfRun: true))
        }
    }

    /// Replaces the tables that the run has made by fewer, so that look-ups stay cheap in a long run.
    ///
    /// - Parameter merge: makes tables with the same chunks; one thread at a time may add or merge.
    func mergeRunTables(_ merge: ([IndexTable]) -> [IndexTable]) {
        let own = state.withLock { $0.tables.filter(\.isOfRun).map(\.table) }
        let merged = merge(own)
        guard merged.count < own.count else { return }
        state.withLock { state in
            state.tables.removeAll { $0.isOfRun }
            state.tables += merged.map { Loaded(table: $0, isReusable: true, isOfRun: true) }
        }
    }

    /// Takes in a table for reading only.
    package func addForReading(_ table: IndexTable) {
        state.withLock { $0.tables.append(Loaded(table: table, isReusable: false, isOfRun: false)) }
    }

    /// All tables.
    func allTables() -> [IndexTable] { state.withLock { $0.tables.map(\.table) } }

    /// Takes in the tables of another index for reading only.
    func addForReading(from other: LocalIndex) {
        for table in other.allTables() { addForReading(table) }
    }

    /// Notes that the cached tables are wrong.
    ///
    /// - Returns: whether that is news.
    func noteCacheDamaged() -> Bool {
        state.withLock { state in
            defer { state.isCacheDamaged = true }
            return !state.isCacheDamaged
        }
    }

    /// The packs that the run refers to and did not add, ascending by name.
    package func packsReferredTo() -> [PackReference] {
        state.withLock { state in
            var packs: Set<PackReference> = []
            for loaded in state.tables where !loaded.isOfRun {
                for (number, isUsed) in loaded.used.enumerated() where isUsed {
                    packs.insert(loaded.table.packReference(number))
                }
            }
            return packs.sorted { $0.name < $1.name }
        }
    }

    /// All packs that the index describes, ascending by name.
    package func packs() -> [PackReference] {
        state.withLock { state in
            var packs: Set<PackReference> = []
            for loaded in state.tables {
                for number in 0..<loaded.table.packCount { packs.insert(loaded.table.packReference(number)) }
            }
            return packs.sorted { $0.name < $1.name }
        }
    }

    /// Compares with a full listing of the store: chunks of packs that are gone or have another length are not reused,
    /// so that a backup which still has the data stores it again.
    ///
    /// - Parameters:
    ///   - present: names and lengths of all packs that the store lists.
    ///   - isPlanned: whether a pack may vanish at any moment, by a prune plan.
    /// - Returns: the packs that are described but not there.
    package func noteMissing(
        present: [ObjectHash: UInt64],
        isPlanned: (ObjectHash) -> Bool = { _ in false }
    ) -> [PackReference] {
        state.withLock { state in
            var missing: Set<PackReference> = []
            for index in state.tables.indices {
                let table = state.tables[index].table
                for number in 0..<table.packCount {
                    let reference = table.packReference(number)
                    let isMissing = present[reference.name] != reference.byteCount || isPlanned(reference.name)
                    state.tables[index].missing[number] = isMissing
                    if isMissing, !state.tables[index].isAttested { missing.insert(reference) }
                }
            }
            return missing.sorted { $0.name < $1.name }
        }
    }
}
