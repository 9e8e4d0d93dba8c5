import Records

/// How much a prune does.
package struct PrunePolicy: Sendable, Hashable {
    /// How much space that nothing needs may stay.
    package enum Limit: Sendable, Hashable {
        /// So much of what the repository holds afterwards, 0 to below 100.
        case percent(Double)
        /// So many bytes.
        case bytes(UInt64)
        /// Any: only packs of which nothing is needed go.
        case unlimited
    }

    /// How much space that nothing needs may stay in packs of which something is needed.
    package var maxUnused = Limit.percent(5)
    /// Bytes of packs that are written anew at most.
    package var maxRepackBytes = UInt64.max
    /// Whether small packs are joined.
    package var joinsSmall = false
    /// Whether packs of data are left as they are.
    package var metadataOnly = false
    /// A pack below this length is small, bytes.
    package var smallBelow: UInt64 = (16 << 20) / 10 * 8

    /// The defaults.
    package init() {}
}

/// What is known of a pack when it is decided about.
package struct PackFacts: Sendable, Hashable {
    /// How much of it is needed.
    package var usage: PackUsage
    /// Whether it must stay: a run that is not over wrote it, or one that was interrupted lately.
    package var isProtected: Bool
    /// Whether this key can read what is needed of it, and write it anew.
    package var isRepackable: Bool

    /// Puts the parts together.
    package init(usage: PackUsage, isProtected: Bool = false, isRepackable: Bool = true) {
        self.usage = usage
        self.isProtected = isProtected
        self.isRepackable = isRepackable
    }
}

/// What happens to the packs of a repository.
package struct PruneDecision: Sendable, Hashable {
    /// Packs of which nothing is needed, to delete; ascending by name.
    package var delete: [PackUsage] = []
    /// Packs whose needed chunks are written anew before they are deleted; in the order in which that is worth most.
    package var repack: [PackUsage] = []
    /// Bytes that nothing needs and that stay.
    package var remainingUnused: UInt64 = 0
    /// Bytes of those that stay because this key cannot read the packs.
    package var unreadableUnused: UInt64 = 0
    /// Packs that stay because of the run that wrote them, of which nothing is needed.
    package var protected = 0
    /// Their bytes.
    package var protectedBytes: UInt64 = 0

    /// Decides: pure, by the facts alone.
    package static func decide(_ facts: [PackFacts], _ policy: PrunePolicy) -> PruneDecision {
        var decision = PruneDecision()
        var candidates: [PackUsage] = []
        var used: UInt64 = 0
        for fact in facts.sorted(by: { $0.usage.pack.name < $1.usage.pack.name }) {
            let usage = fact.usage
            used += usage.liveBytes
            if usage.liveCount == 0 {
                if fact.isProtected {
                    decision.protected += 1
                    decision.protectedBytes += usage.pack.byteCount
                } else {
                    decision.delete.append(usage)
                }
            } else {
                decision.remainingUnused += usage.deadBytes
                guard !fact.isProtected, !(policy.metadataOnly && usage.type == .data) else { continue }
                if fact.isRepackable {
                    candidates.append(usage)
                } else {
                    decision.unreadableUnused += usage.deadBytes
                }
            }
        }
        decision.chooseRepacks(candidates, policy, limit: policy.maxUnused.bytes(of: used))
        return decision
    }

    private mutating func chooseRepacks(_ candidates: [PackUsage], _ policy: PrunePolicy, limit: UInt64) {
        // Metadata first: it is read by every listing. Then what frees most for what is written.
        func isBefore(_ left: PackUsage, _ right: PackUsage) -> Bool {
            if left.type != right.type { return left.type == .metadata }
            let (first, second) = (left.liveFraction, right.liveFraction)
            return first != second ? first < second : left.pack.name < right.pack.name
        }
        var budget = policy.maxRepackBytes
        for candidate in candidates.filter({ $0.deadBytes > 0 }).sorted(by: isBefore) {
            guard remainingUnused > limit else { break }
            guard candidate.pack.byteCount <= budget else { continue }
            budget -= candidate.pack.byteCount
            remainingUnused -= candidate.deadBytes
            repack.append(candidate)
        }
        guard policy.joinsSmall else { return }
        let chosen = Set(repack.map(\.pack.name))
        for type in [PackType.metadata, .data] {
            let small = candidates.filter {
                $0.type == type && $0.pack.byteCount < policy.smallBelow && !chosen.contains($0.pack.name)
            }
            // One small pack alone stays what it is, unless others of its kind are written anew with it.
            guard small.count > 1 || repack.contains(where: { $0.type == type }) else { continue }
            for candidate in small.sorted(by: { $0.pack.byteCount < $1.pack.byteCount }) {
                guard candidate.pack.byteCount <= budget else { break }
                budget -= candidate.pack.byteCount
                remainingUnused -= candidate.deadBytes
                repack.append(candidate)
            }
        }
    }
}

extension PrunePolicy.Limit {
    /// The limit in bytes, where so many are in use.
    func bytes(of used: UInt64) -> UInt64 {
        switch self {
        case .unlimited: .max
        case .bytes(let count): count
        // Of what is there afterwards, used and unused together.
        case .percent(let percent): UInt64(Double(used) * percent / (100 - percent))
        }
    }
}
