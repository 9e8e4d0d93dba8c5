import Cryptography
package import Records
import Repository

/// Plans which snapshots are forgotten; a pure function of what is known.
package struct ForgetPlanner: Sendable {
    private let list: SnapshotList
    private let times: EffectiveTimes
    private let limits: RetentionLimits
    private let now: Int64
    private let calendar: CivilCalendar
    /// Why a snapshot is on hold, by the snapshot; none if it is not.
    private let holds: [ObjectHash: String]

    /// Takes what is known.
    ///
    /// - Parameters:
    ///   - limits: those of the policy in force.
    ///   - holds: the reasons of snapshots on hold.
    ///   - now: the present time, ns.
    package init(
        list: SnapshotList,
        times: EffectiveTimes,
        limits: RetentionLimits,
        holds: [ObjectHash: String] = [:],
        now: Int64,
        calendar: CivilCalendar = .local
    ) {
        self.list = list
        self.times = times
        self.limits = limits
        self.holds = holds
        self.now = now
        self.calendar = calendar
    }

    /// Plans.
    package func plan(_ request: ForgetRequest) -> ForgetPlan {
        var plan = ForgetPlan()
        if request.named.isEmpty {
            plan.groups = groups(list.filtered(request.filter), request.grouping).map { judge($0, request.rules) }
        } else {
            plan.groups = [named(request.named, &plan)]
        }
        if !request.allowsRemovingAll {
            refuseEmptyGroups(&plan, request)
            refuseLastGood(&plan)
            refuseShare(&plan, request)
        }
        warnOfOld(&plan)
        return plan
    }

    private func groups(_ snapshots: [Snapshot], _ grouping: Set<SnapshotGrouping>) -> [JudgedGroup] {
        var order: [[SnapshotGrouping: [String]]] = []
        var members: [[SnapshotGrouping: [String]]: [JudgedSnapshot]] = [:]
        for snapshot in snapshots {
            var key: [SnapshotGrouping: [String]] = [:]
            for part in grouping {
                key[part] =
                    switch part {
                    case .host: [snapshot.details.host]
                    case .dataset: [snapshot.details.dataset]
                    case .paths: snapshot.details.paths.map { String(decoding: $0, as: UTF8.self) }.sorted()
                    case .tags: snapshot.details.tags.sorted()
                    }
            }
            if members[key] == nil { order.append(key) }
            members[key, default: []].append(judged(snapshot))
        }
        return order.map { JudgedGroup(key: $0, snapshots: members[$0] ?? []) }
    }

    /// A snapshot before it is judged.
    private func judged(_ snapshot: Snapshot) -> JudgedSnapshot {
        JudgedSnapshot(
            snapshot: snapshot,
            time: times.time(of: snapshot).time,
            verdict: RetentionVerdict(id: snapshot.id, isKept: true, reasons: [])
        )
    }

    private func judge(_ group: JudgedGroup, _ rules: RetentionRules) -> JudgedGroup {
        let candidates = group.snapshots.map { judged in
            let snapshot = judged.snapshot
            return RetentionCandidate(
                id: snapshot.id,
                time: judged.time,
                chain: ChainID(member: snapshot.commit.signer, incarnation: snapshot.commit.incarnation),
                number: snapshot.commit.number,
                isTrusted: times.time(of: snapshot).isTrusted,
                interval: snapshot.commit.interval,
                tags: snapshot.details.tags,
                isGood: isGood(snapshot),
                dataset: snapshot.commit.dataset,
                mustKeep: reasonsToKeep(judged)
            )
        }
        let byID = Dictionary(group.snapshots.map { ($0.snapshot.id, $0) }, uniquingKeysWith: { first, _ in first })
        var result = group
        result.snapshots = Retention.decide(candidates, rules, calendar: calendar).compactMap { verdict in
            byID[verdict.id].map { JudgedSnapshot(snapshot: $0.snapshot, time: $0.time, verdict: verdict) }
        }
        return result
    }

    /// Why a snapshot stays whatever rules or people say.
    private func reasonsToKeep(_ judged: JudgedSnapshot) -> [String] {
        var reasons: [String] = []
        if let reason = holds[judged.snapshot.id] { reasons.append("on hold: \(reason)") }
        // Whatever time somebody gave it, it is not older than its commit.
        let made = max(judged.time, min(now, judged.snapshot.commit.time))
        if days(since: made) < Double(limits.leastDays) {
            reasons.append("the policy keeps snapshots for at least \(limits.leastDays) days")
        }
        return reasons
    }

    private func days(since time: Int64) -> Double { Double(now - time) / 86_400e9 }

    private func isGood(_ snapshot: Snapshot) -> Bool { !snapshot.details.isIncomplete && !snapshot.details.isSuspect }

    private func named(_ ids: [ObjectHash], _ plan: inout ForgetPlan) -> JudgedGroup {
        let wanted = Set(ids)
        var group = JudgedGroup(key: [:], snapshots: [])
        for snapshot in list.snapshots where wanted.contains(snapshot.id) {
            var judged = judged(snapshot)
            let reasons = reasonsToKeep(judged)
            judged.verdict.isKept = !reasons.isEmpty
            judged.verdict.reasons = reasons.isEmpty ? ["named"] : reasons
            group.snapshots.append(judged)
            for reason in reasons {
                plan.refusals.append("snapshot \(snapshot.shortID) cannot be forgotten: \(reason)")
                plan.isFinal = true
            }
        }
        return group
    }

    /// Rules that keep nothing of a group are more likely a mistake than meant.
    private func refuseEmptyGroups(_ plan: inout ForgetPlan, _ request: ForgetRequest) {
        guard request.named.isEmpty else { return }
        for group in plan.groups where !group.snapshots.isEmpty && !group.snapshots.contains(where: \.verdict.isKept) {
            let name = group.key.sorted { $0.key.rawValue < $1.key.rawValue }
                .map { "\($0.key.rawValue) \($0.value.joined(separator: " "))" }.joined(separator: ", ")
            plan.refusals.append(
                "the rules keep none of the \(group.snapshots.count) snapshots of \(name.isEmpty ? "the group" : name)"
            )
        }
    }

    private func refuseLastGood(_ plan: inout ForgetPlan) {
        let removed = Set(plan.removed.map(\.id))
        guard !removed.isEmpty else { return }
        var seen: Set<DatasetID> = []
        for snapshot in plan.removed where isGood(snapshot) && seen.insert(snapshot.commit.dataset).inserted {
            let isLeft = list.snapshots.contains {
                $0.commit.dataset == snapshot.commit.dataset && isGood($0) && !removed.contains($0.id)
            }
            if !isLeft {
                plan.refusals.append(
                    "dataset \"\(snapshot.details.dataset)\" would lose its last complete snapshot"
                )
            }
        }
    }

    private func refuseShare(_ plan: inout ForgetPlan, _ request: ForgetRequest) {
        let (removed, all) = (plan.removed.count, list.snapshots.count)
        guard request.named.isEmpty, removed > ForgetRequest.shareless,
            Double(removed) / Double(all) * 100 > request.greatestShare
        else { return }
        plan.refusals.append(
            "\(removed) of \(all) snapshots would go at once, more than \(Int(request.greatestShare)) per cent: see by "
                + "--dry-run whether that is meant, and allow it by --max-remove"
        )
    }

    private func warnOfOld(_ plan: inout ForgetPlan) {
        guard limits.mostDays > 0 else { return }
        let removed = Set(plan.removed.map(\.id))
        let old = list.snapshots.filter {
            !removed.contains($0.id) && days(since: times.time(of: $0).time) > Double(limits.mostDays)
        }
        guard let oldest = old.first else { return }
        plan.warnings.append(
            "\(old.count) snapshots that stay are older than the \(limits.mostDays) days that the policy permits, such as "
                + oldest.shortID
        )
    }
}
