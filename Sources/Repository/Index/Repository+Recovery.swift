import Cryptography
package import Records
import Threads

/// What became of the packs that no index fragment describes.
package struct UncoveredPacks {
    /// How many are found by their own directory now.
    package var added: Int
    /// Those whose directory does not open.
    package var damaged: [(pack: PackReference, error: any Error)]
}

extension Repository {
    /// Tries the next way to find a chunk that the index does not have, or that does not lie where it says.
    ///
    /// First the directories of packs that no fragment describes, then the fragments themselves instead of the local
    /// cache. Each is tried once for an index, however many chunks are missing.
    ///
    /// - Parameter step: the ways that the caller has seen tried; one more on return.
    /// - Returns: whether it is worth looking again.
    func recover(_ index: LocalIndex, step: inout Int) throws -> Bool {
        try index.recovery.withLock { done in
            if done == step {
                switch done {
                case 0: _ = try indexUncoveredPacks(index)
                case 1 where index.isFromCache:
                    let anew = try loadIndexAnew { name, error in
                        self.environment.warn("index fragment \(name.hex) cannot be used: \(error)")
                    }
                    index.addForReading(from: anew)
                default: return false
                }
                done += 1
            }
            step += 1
            return true
        }
    }

    /// A chunk was found only after the cached tables were passed by: they are wrong, and made anew next time.
    func noteCacheDamage(in index: LocalIndex) {
        guard index.noteCacheDamaged() else { return }
        environment.warn("the local index cache is damaged and is made anew from the repository")
        guard let directory = try? indexDirectory() else { return }
        IndexCache(directory: directory, warn: environment.warn).discard()
    }
}
