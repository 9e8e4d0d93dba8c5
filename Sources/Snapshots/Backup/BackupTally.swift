/// Counts of a backup that are told at its end and not kept in the commit.
package struct BackupTally: Sendable, Hashable {
    /// Directories that the parent did not have.
    package var directoriesNew: UInt64 = 0
    /// Directories of which metadata, or anything below, had changed since the parent.
    package var directoriesChanged: UInt64 = 0
    /// Directories that were as in the parent, with all that is below.
    package var directoriesUnmodified: UInt64 = 0
    /// Chunks of content that were stored.
    package var dataChunks: UInt64 = 0
    /// Pages of manifest and extents that were stored.
    package var metadataChunks: UInt64 = 0
}
