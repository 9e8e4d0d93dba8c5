package import Records

/// Something that a check has found.
package struct CheckProblem: Sendable, Hashable {
    /// How bad it is.
    package enum Severity: String, Sendable, Hashable {
        /// Odd, or lost but replaceable: no data is in danger.
        case warning
        /// Stored bytes are damaged, missing or forged.
        case error
    }

    /// What it is about.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case format, policy, slot, history, packMissing, packDamaged, packLength, chunkMissing, chunkDamaged, manifest
        case index, parity, packList, lease, record, unknownObject
    }

    /// How bad it is.
    package var severity: Severity
    /// What it is about.
    package var kind: Kind
    /// What is wrong with which object and, where one can do something about it, what.
    package var message: String
    /// The object's name, if it is about one.
    package var object: String?
    /// The snapshots that are affected, as far as known.
    package var snapshots: [ObjectHash] = []
    /// Paths that are affected: some of them, as far as known.
    package var paths: [[UInt8]] = []
    /// How many paths are affected, those among them that are not named; at least so many if they are very many.
    package var pathCount = 0

    /// Puts the parts together.
    package init(
        _ severity: Severity,
        _ kind: Kind,
        _ message: String,
        object: String? = nil,
        snapshots: [ObjectHash] = [],
        paths: [[UInt8]] = []
    ) {
        self.severity = severity
        self.kind = kind
        self.message = message
        self.object = object
        self.snapshots = snapshots
        self.paths = paths
        pathCount = paths.count
    }
}
