/// What a check has looked at and found.
package struct CheckSummary: Sendable, Hashable {
    /// Problems that mean damage, loss or forgery.
    package var errors = 0
    /// Other problems.
    package var warnings = 0
    /// Objects in the store.
    package var objects = 0
    /// Their bytes.
    package var objectBytes: UInt64 = 0
    /// Commits that were verified.
    package var commits = 0
    /// Snapshots whose manifest was walked to its end.
    package var snapshots = 0
    /// Pages of manifests that were verified; one that several snapshots share counts once.
    package var pages = 0
    /// Entries in these pages.
    package var entries: UInt64 = 0
    /// Packs in the store.
    package var packs = 0
    /// Their bytes.
    package var packBytes: UInt64 = 0
    /// Packs that no snapshot needs: of interrupted runs, or to be freed by a prune.
    package var unreferencedPacks = 0
    /// Their bytes.
    package var unreferencedPackBytes: UInt64 = 0
    /// Packs that no index fragment describes; reading them takes longer.
    package var packsWithoutIndex = 0
    /// Packs that were read whole.
    package var packsRead = 0
    /// Bytes that were read of them.
    package var bytesRead: UInt64 = 0
    /// Chunks that came out of them right.
    package var chunksRead = 0
    /// Plain bytes of these chunks.
    package var plainBytesRead: UInt64 = 0
    /// Snapshots that have lost something.
    package var damagedSnapshots = 0
    /// Files that cannot be restored whole, in each of these snapshots.
    package var damagedFiles = 0
    /// Entries that are lost with the page that lists them, in each of these snapshots.
    package var lostEntries: UInt64 = 0
    /// Packs that were attested, so that other writers may refer to them.
    package var packsAttested = 0
    /// Packs that this host has never read whole, as far as it remembers; absent without local state.
    package var packsNeverRead: Int?

    /// All zero.
    package init() {}

    /// Whether nothing is damaged, lost or forged.
    package var isGood: Bool { errors == 0 }
}
