import Chunking
import Cryptography
package import FileSystem
import Records
import Threads

/// Builds an index of made-up chunks as runs would, table by table with merging, and looks chunks up in it.
package struct IndexBenchmark {
    /// What was measured.
    package struct Result: Sendable {
        /// Chunks in the index.
        package var chunkCount = 0
        /// Tables that they lie in.
        package var tableCount = 0
        /// Seconds to build and merge the tables.
        package var buildSeconds = 0.0
        /// Look-ups, half of them of chunks that are not there.
        package var lookupCount = 0
        /// Seconds that they took.
        package var lookupSeconds = 0.0
        /// Processor seconds of the look-ups, all threads together.
        package var lookupProcessorSeconds = 0.0
        /// Threads that looked up at the same time.
        package var threadCount = 1
        /// Look-ups that gave the wrong answer; 0 unless there is a bug.
        package var wrongAnswerCount = 0
        /// The greatest resident anonymous memory seen, bytes.
        package var peakAnonymousByteCount: UInt64 = 0

        /// Look-ups a second.
        package var lookupsPerSecond: Double { lookupSeconds > 0 ? Double(lookupCount) / lookupSeconds : 0 }
    }

    /// Chunks of a pack of 16 MiB with chunks of 1 MiB that compress to half.
    private static let chunksPerPack = 32
    /// Look-ups between two looks at the memory.
    private static let sampleEvery = 1 << 18

    private let directory: Directory
    private let chunkCount: Int
    private let batchCount: Int
    private let seed: UInt64

    /// Chooses how many chunks; the tables go into `directory`, 56 bytes a chunk, and stay there.
    ///
    /// - Parameter batchCount: chunks of a table before merging, by default what one bounded batch of fragments gives.
    package init(directory: Directory, chunkCount: Int, batchCount: Int = 200_000, seed: UInt64 = 1) {
        self.directory = directory
        self.chunkCount = max(1, chunkCount)
        self.batchCount = max(1, batchCount)
        self.seed = seed
    }

    /// Builds the index, then looks up so many chunks in random order on so many threads.
    package func run(lookupCount: Int, threadCount: Int) throws -> Result {
        var result = Result()
        let start = monotonicNanoseconds()
        let index = try build(&result)
        result.buildSeconds = Double(monotonicNanoseconds() - start) / 1e9
        result.chunkCount = index.entryCount
        result.tableCount = index.allTables().count
        result.lookupCount = lookupCount
        result.threadCount = max(1, threadCount)
        let shared = Monitor((wrong: 0, peak: result.peakAnonymousByteCount))
        let begin = monotonicNanoseconds()
        let processorBegin = processorNanoseconds()
        let share = (lookupCount + result.threadCount - 1) / result.threadCount
        let threads = (0..<result.threadCount).map { number in
            WorkerThread(name: "look-up") { [self] in
                let range = min(number * share, lookupCount)..<min((number + 1) * share, lookupCount)
                let outcome = lookUp(index, range)
                shared.withLock { $0 = ($0.wrong + outcome.wrong, max($0.peak, outcome.peak)) }
            }
        }
        for thread in threads { thread.join() }
        result.lookupSeconds = Double(monotonicNanoseconds() - begin) / 1e9
        result.lookupProcessorSeconds = Double(processorNanoseconds() - processorBegin) / 1e9
        (result.wrongAnswerCount, result.peakAnonymousByteCount) = shared.withLock { $0 }
        return result
    }

    private func build(_ result: inout Result) throws -> LocalIndex {
        let cache = IndexCache(directory: directory) { _ in }
        var tables: [IndexTable] = []
        var first = 0
        while first < chunkCount {
            let range = first..<min(chunkCount, first + batchCount)
            let fragment = id(UInt64.max - UInt64(first))
            tables.append(try cache.store(.reusable, packs: packs(of: range), fragments: [fragment]))
            notePeak(&result)
            tables = cache.compact(.reusable, tables)
            notePeak(&result)
            first = range.upperBound
        }
        return LocalIndex(reusable: tables, others: [])
    }

    private func packs(of range: Range<Int>) -> [StoredPack] {
        stride(from: range.lowerBound, to: range.upperBound, by: IndexBenchmark.chunksPerPack).map { first in
            let chunks = first..<min(range.upperBound, first + IndexBenchmark.chunksPerPack)
            return StoredPack(
                name: id(UInt64.max / 2 - UInt64(first)),
                byteCount: 16 << 20,
                framesOffset: 400,
                type: .data,
                entries: chunks.map {
                    DirectoryEntry(
                        id: id(UInt64($0)),
                        type: .data,
                        codec: .zstd,
                        plainLength: 1 << 20,
                        compressedLength: 1 << 19
                    )
                }
            )
        }
    }

    private func lookUp(_ index: LocalIndex, _ range: Range<Int>) -> (wrong: Int, peak: UInt64) {
        var wrong = 0
        var peak: UInt64 = 0
        for number in range {
            // Every other one is beyond the chunks that there are.
            let isThere = number % 2 == 0
            let drawn = Int(mix(UInt64(number) &+ 0x9e37) % UInt64(chunkCount))
            if index.isReusable(id(UInt64(isThere ? drawn : drawn + chunkCount))) != isThere { wrong += 1 }
            if number % IndexBenchmark.sampleEvery == 0 { peak = max(peak, ProcessMemory.anonymousByteCount() ?? 0) }
        }
        return (wrong, peak)
    }

    private func notePeak(_ result: inout Result) {
        result.peakAnonymousByteCount = max(
            result.peakAnonymousByteCount,
            ProcessMemory.anonymousByteCount() ?? 0
        )
    }

    /// The made-up id of a number: spread evenly, as those of real chunks are.
    private func id(_ number: UInt64) -> Digest {
        let words = InlineArray<4, UInt64> { mix(number &* 4 &+ UInt64($0) &+ seed << 40) }
        return unsafe Digest(in: words.span.bytes, at: 0) ?? .zero
    }

    /// A bijection of 64 bits without visible structure (the finaliser of splitmix64, Steele, Lea and Flood, 2014).
    private func mix(_ value: UInt64) -> UInt64 {
        var mixed = value &+ 0x9e37_79b9_7f4a_7c15
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
