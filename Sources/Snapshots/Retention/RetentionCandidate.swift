package import Records
package import Repository

/// What retention knows of a snapshot.
package struct RetentionCandidate: Sendable, Hashable {
    /// The snapshot id.
    package var id: ObjectHash
    /// Its effective time, ns: see `EffectiveTimes`.
    package var time: Int64
    /// The chain that it belongs to.
    package var chain: ChainID
    /// Its number in its chain, by which snapshots of one time are ordered.
    package var number: UInt64
    /// Whether an owner or manager made it: they may forget anyway, so their word on times is taken.
    package var isTrusted: Bool
    /// The interval that its member declared, seconds; 0 for none.
    package var interval: UInt64
    /// Its tags.
    package var tags: [String]
    /// Whether it is whole: neither incomplete nor suspect.
    package var isGood: Bool
    /// The dataset.
    package var dataset: DatasetID
    /// Why it must be kept whatever the rules say (a hold, the policy's limits); none otherwise.
    package var mustKeep: [String]

    /// Puts the parts together.
    package init(
        id: ObjectHash,
        time: Int64,
        chain: ChainID,
        number: UInt64,
        isTrusted: Bool,
        interval: UInt64 = 0,
        tags: [String] = [],
        isGood: Bool = true,
        dataset: DatasetID,
        mustKeep: [String] = []
    ) {
        self.id = id
        self.time = time
        self.chain = chain
        self.number = number
        self.isTrusted = isTrusted
        self.interval = interval
        self.tags = tags
        self.isGood = isGood
        self.dataset = dataset
        self.mustKeep = mustKeep
    }

    static func isBefore(_ left: RetentionCandidate, _ right: RetentionCandidate) -> Bool {
        (left.time, left.number, left.id) < (right.time, right.number, right.id)
    }
}

/// What becomes of one snapshot, and why.
package struct RetentionVerdict: Sendable, Hashable {
    /// The snapshot.
    package var id: ObjectHash
    /// Whether it stays.
    package var isKept: Bool
    /// Why: the rules that keep it, or why each rule does not.
    package var reasons: [String]
}
