package import ObjectStorage
import Records

/// Decides which objects form groups; a pure function.
package struct ParityPlan: Hashable, Sendable {
    /// What differs between groups: data and all records are protected apart.
    package enum Sort: CaseIterable, Sendable {
        /// Packs and index fragments.
        case data
        /// All else: small, and at least as much parity as data.
        case records

        /// The sort of an object; nil for what no group protects.
        package init?(_ name: ObjectName) {
            guard ParityHead.protects(name) else { return nil }
            switch ObjectNames.parse(name.path)?.kind {
            case .pack, .index: self = .data
            default: self = .records
            }
        }

        /// Bytes of a block.
        var blockLength: Int {
            switch self {
            case .data: 512
            case .records: 64
            }
        }

        /// Objects of a full group.
        func size(percent: Int) -> Int {
            switch self {
            case .data: min(128, max(2, ParityShape.divided(100, percent)))
            case .records: 512
            }
        }

        /// Per cent of parity.
        func percent(_ wanted: Int) -> Int {
            switch self {
            case .data: wanted
            case .records: 100
            }
        }

        /// Bytes of a group and of one object, at most.
        var mostBytes: UInt64 {
            switch self {
            case .data: 3 << 30
            case .records: 64 << 20
            }
        }
    }

    /// An object that may be protected.
    package struct Object: Hashable, Sendable {
        /// Its name.
        package var name: ObjectName
        /// Its length, bytes.
        package var byteCount: UInt64

        /// Puts both together.
        package init(name: ObjectName, byteCount: UInt64) {
            self.name = name
            self.byteCount = byteCount
        }
    }

    /// A group that exists.
    package struct Group: Hashable, Sendable {
        /// The parity object.
        package var name: ObjectName
        /// The objects that it protects.
        package var members: [ObjectName]
        /// Whether a member is damaged, or missing and needed, so that the group must stay.
        package var isNeeded: Bool

        /// Puts the parts together.
        package init(name: ObjectName, members: [ObjectName], isNeeded: Bool = false) {
            self.name = name
            self.members = members
            self.isNeeded = isNeeded
        }
    }

    /// Groups to be formed.
    package var form: [[Object]] = []
    /// Parity objects that nothing needs once these are there.
    package var remove: [ObjectName] = []
    /// Objects that are longer than a group can be.
    package var tooLong: [ObjectName] = []

    /// Makes a plan for objects of one sort.
    ///
    /// A group stays if all of its members are there. Objects that are in no group form new ones, together with those of
    /// groups that are short of members, which are replaced.
    package static func make(_ sort: Sort, objects: [Object], groups: [Group], percent: Int) -> ParityPlan {
        var plan = ParityPlan()
        let present = Set(objects.map(\.name))
        let size = sort.size(percent: percent)
        var kept: [Group] = []
        for group in groups.sorted(by: { $0.name < $1.name }) {
            let isWhole = group.members.allSatisfy(present.contains)
            // What another kept group protects as well needs no second.
            let isNew = !group.members.allSatisfy { member in kept.contains { $0.members.contains(member) } }
            if group.isNeeded || (isWhole && isNew) { kept.append(group) } else { plan.remove.append(group.name) }
        }
        var covered = Set(kept.flatMap(\.members))
        plan.tooLong = objects.filter { $0.byteCount > sort.longest }.map(\.name).sorted()
        let candidates = objects.filter { $0.byteCount > 0 && $0.byteCount <= sort.longest }
        if candidates.contains(where: { !covered.contains($0.name) }) {
            let lengths = Dictionary(objects.map { ($0.name, $0.byteCount) }, uniquingKeysWith: { first, _ in first })
            let short = kept.filter { group in
                let bytes = group.members.reduce(0) { $0 + (lengths[$1] ?? 0) }
                return !group.isNeeded && group.members.count < size && bytes < sort.mostBytes / 2
            }
            plan.remove += short.map(\.name)
            kept.removeAll { short.contains($0) }
            covered = Set(kept.flatMap(\.members))
        }
        let left = candidates.filter { !covered.contains($0.name) }.sorted { $0.name < $1.name }
        plan.form = split(left, size: size, mostBytes: sort.mostBytes)
        return plan
    }

    private static func split(_ objects: [Object], size: Int, mostBytes: UInt64) -> [[Object]] {
        guard !objects.isEmpty else { return [] }
        let each = ParityShape.divided(objects.count, max(1, objects.count / size))
        var groups: [[Object]] = [[]]
        var bytes: UInt64 = 0
        for object in objects {
            if groups[groups.count - 1].count >= each || (bytes + object.byteCount > mostBytes && bytes > 0) {
                groups.append([])
                bytes = 0
            }
            groups[groups.count - 1].append(object)
            bytes += object.byteCount
        }
        return groups
    }
}

extension ParityPlan.Sort {
    /// The longest object that is protected: the parity of its group is as long, at least.
    var longest: UInt64 { min(mostBytes, UInt64(ParityShape.mostParityBytes / 2)) }
}
