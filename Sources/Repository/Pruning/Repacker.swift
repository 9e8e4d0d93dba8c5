import Chunking
import Cryptography
import ObjectStorage
package import Records

/// Writes what is needed of some packs anew, into packs of its own run.
package struct Repacker {
    /// What came of it.
    package struct Result: Sendable {
        /// What takes the place of each pack that was written anew.
        package var replacements: [ObjectHash: [ObjectHash]] = [:]
        /// Packs that stay, because something in them that is needed cannot be read.
        package var damaged: [(pack: ObjectHash, error: any Error)] = []
        /// Packs that stay, since they hold more than the index says.
        package var mistaken: [ObjectHash] = []
        /// Bytes of plaintext that were written anew.
        package var plainBytes: UInt64 = 0
        /// Chunks that were written anew.
        package var chunks = 0
        /// Bytes of new packs.
        package var storedBytes: UInt64 = 0

        /// Nothing done.
        package init() {}
    }

    private let repository: Repository
    private let run: WriteRun
    private let index: LocalIndex
    private let live: LiveChunks
    private let survey: PackSurvey

    /// Prepares the work of a run.
    package init(run: WriteRun, index: LocalIndex, live: LiveChunks, survey: PackSurvey) {
        repository = run.repository
        self.run = run
        self.index = index
        self.live = live
        self.survey = survey
    }

    /// Chunks are named under keys of their domain and epoch, and so can be copied into packs of these alone.
    private struct Keys: Hashable {
        var domain: DomainID
        var epoch: UInt32
    }

    /// Copies; durable on return.
    ///
    /// Every chunk is decrypted and compared with its id before it is stored again.
    ///
    /// - Parameter progress: told of each pack when it is dealt with.
    package func run(_ packs: [PackUsage], progress: (PackUsage) -> Void) throws -> Result {
        var result = Result()
        var groups: [(keys: Keys, packs: [PackUsage])] = []
        for usage in packs {
            let header = try repository.readPackHeader(usage.pack).header
            let keys = Keys(domain: header.domain, epoch: header.epoch)
            if let place = groups.firstIndex(where: { $0.keys == keys }) {
                groups[place].packs.append(usage)
            } else {
                groups.append((keys, [usage]))
            }
        }
        for group in groups {
            if group.keys == Keys(domain: run.keys.domain, epoch: run.keys.epoch) {
                try copy(group.packs, by: run, &result, progress)
                continue
            }
            var options = run.options
            options.domain = group.keys.domain
            options.epoch = group.keys.epoch
            let other = try WriteRun.begin(repository, options: options, activity: .prune)
            do {
                try copy(group.packs, by: other, &result, progress)
                other.finish()
            } catch {
                other.abandon()
                throw error
            }
        }
        return result
    }

    private func copy(
        _ packs: [PackUsage],
        by writer: WriteRun,
        _ result: inout Result,
        _ progress: (PackUsage) -> Void
    ) throws {
        var numbers: [ObjectHash: Set<Int>] = [:]
        let reader = try ChunkReader(repository: repository, index: index)
        var encoder = try ChunkEncoder(compression: .standard, verifies: true)
        for usage in packs {
            do {
                numbers[usage.pack.name] = try copy(usage.pack, by: writer, reader, &encoder, &result)
            } catch let error where error.isDamage {
                result.damaged.append((usage.pack.name, error))
            }
            progress(usage)
        }
        let names = try writer.finishCopies()
        for (old, places) in numbers {
            result.replacements[old] = Set(places.compactMap { names[$0] }).sorted()
        }
        result.storedBytes += writer.storedTotals.bytes
    }

    private func copy(
        _ pack: PackReference,
        by writer: WriteRun,
        _ reader: ChunkReader,
        _ encoder: inout ChunkEncoder,
        _ result: inout Result
    ) throws -> Set<Int> {
        var places: Set<Int> = []
        var buffer: [UInt8] = []
        // By the pack's own directory: what the index does not tell of is copied as well.
        let stored = try repository.readPackDirectory(pack)
        for (offset, entry) in stored.frames where survey.isNeeded(entry.id, in: pack.name, live: live) {
            try run.check()
            try writer.check()
            let location = ChunkLocation(pack: pack.name, packByteCount: pack.byteCount, offset: offset, entry: entry)
            let count = try reader.load(location, into: &buffer, allowBase: true)
            let plain = buffer
            places.insert(
                try unsafe writer.storeCopy(
                    plain.span.bytes.extracting(0..<count),
                    id: entry.id,
                    type: entry.type,
                    encoder: &encoder
                )
            )
            result.plainBytes += UInt64(count)
            result.chunks += 1
        }
        return places
    }
}
