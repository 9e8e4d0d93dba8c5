import Cryptography
import Records

/// Decides which packs a check reads.
enum ReadSelection {
    /// The packs to read, in the order in which to read them.
    ///
    /// - Parameter lastRun: the number of the run that has read a pack last; 0 for a pack that none has.
    static func select(
        from packs: [PackReference],
        _ readData: ReadData,
        lastRun: (ObjectHash) -> UInt64
    ) -> [PackReference] {
        switch readData {
        case .none: return []
        case .all: return packs.sorted { $0.name < $1.name }
        case .part(let number, of: let count):
            return packs.filter { $0.name.prefix64 % UInt64(count) == UInt64(number - 1) }.sorted { $0.name < $1.name }
        case .percent(let percent):
            let total = packs.reduce(0.0) { $0 + Double($1.byteCount) }
            return oldest(packs, bytes: total * percent / 100, lastRun)
        case .bytes(let count):
            return oldest(packs, bytes: Double(count), lastRun)
        }
    }

    /// The packs that were not read for longest, until they make up so many bytes: with a p-th part each time, p runs
    /// have read all of them.
    private static func oldest(
        _ packs: [PackReference],
        bytes: Double,
        _ lastRun: (ObjectHash) -> UInt64
    ) -> [PackReference] {
        let ordered = packs.map { (pack: $0, run: lastRun($0.name)) }
            .sorted { ($0.run, $0.pack.name) < ($1.run, $1.pack.name) }
        var selected: [PackReference] = []
        var sum = 0.0
        for candidate in ordered {
            if sum >= bytes, !selected.isEmpty { break }
            selected.append(candidate.pack)
            sum += Double(candidate.pack.byteCount)
        }
        return selected
    }
}
