import Cryptography
package import ObjectStorage
import Records
import Repository

/// Checks all protected objects, and recovers those that are damaged or lost; needs no keys.
///
/// An object is put back only if its bytes are those that its name, or its signature and place, say; one that was
/// removed because nothing needs it is not put back.
package final class ParityRepair {
    /// What was found and done.
    package struct Report: Sendable {
        /// Parity objects.
        package var groups = 0
        /// Objects that they protect.
        package var protected = 0
        /// Objects that are protected by none.
        package var unprotected: [ObjectName] = []
        /// Objects that are damaged or lost.
        package var damaged: [ObjectName] = []
        /// Those among them that were recovered (in a dry run: could be).
        package var repaired: [ObjectName] = []
        /// Those that cannot be, with the reason.
        package var lost: [(name: ObjectName, reason: String)] = []
        /// Protected objects that were removed because nothing needs them: they weaken their groups.
        package var removed = 0
        /// Damaged parity objects.
        package var damagedParity: [ObjectName] = []
        /// Those among them that were computed anew.
        package var repairedParity: [ObjectName] = []
        /// Of any stripe, the most blocks that were lost, with the number that may be.
        package var worst: (lost: Int, of: Int) = (0, 0)
        /// Whether all is whole now, as far as it is protected.
        package var isGood: Bool { lost.isEmpty && damagedParity.count == repairedParity.count }
    }

    /// Objects are repaired in this order, as the later ones are judged by the earlier.
    private enum Stage: Int, CaseIterable {
        case heads, commits, records, data

        init(_ name: ObjectName) {
            switch ObjectNames.parse(name.path)?.kind {
            case .format, .policy, .slot: self = .heads
            case .commit, .forgotten: self = .commits
            case .pack, .index: self = .data
            default: self = .records
            }
        }
    }

    private let store: any ObjectStore
    private let isDryRun: Bool
    private let onRead: (Int) throws -> Void
    private let onRepaired: (ObjectName) -> Void
    private var report = Report()
    /// Objects of which it cannot be known whether they are whole.
    private var undecided: Set<ObjectName> = []
    /// Protected objects that were removed because nothing needs them.
    private var removed: Set<ObjectName> = []

    /// Prepares a repair.
    ///
    /// - Parameters:
    ///   - isDryRun: whether it is only found out what can be recovered.
    ///   - onRead: told of bytes that were read.
    ///   - onRepaired: told of each object that is whole again.
    package init(
        store: any ObjectStore,
        isDryRun: Bool = false,
        onRead: @escaping (Int) throws -> Void = { _ in },
        onRepaired: @escaping (ObjectName) -> Void = { _ in }
    ) {
        self.store = store
        self.isDryRun = isDryRun
        self.onRead = onRead
        self.onRepaired = onRepaired
    }

    /// Runs it.
    ///
    /// - Throws: `RepositoryError.noRepository` if there is neither a header nor parity, or what keeps the store from
    ///   being read or written; damage does not throw.
    package func run() throws -> Report {
        let repository = try findRepository()
        let inventory = try ParityInventory(store: store, repository: repository)
        report.groups = inventory.entries.count
        report.damagedParity = inventory.unreadable
        let names = Set(inventory.entries.flatMap { $0.object.head.members.map(\.name) })
        report.protected = names.count
        report.unprotected = inventory.objects.map(\.name).filter { !names.contains($0) }.sorted()
        for stage in Stage.allCases {
            var before: Int
            // Policies follow from each other: one can be judged only when the one before it is whole.
            repeat {
                before = report.repaired.count
                undecided = []
                removed = []
                // What was repaired before is the measure of what follows.
                let judge = ObjectJudge(store: store, repository: repository)
                let needs = try ObjectNeeds(store: store)
                for entry in inventory.entries { try repair(entry.object, stage, judge, needs) }
            } while stage == .heads && report.repaired.count > before && !isDryRun
            report.removed += removed.count
            for name in undecided.sorted() {
                report.damaged.append(name)
                // A repair judges it once what it depends on is repaired.
                if isDryRun { continue }
                report.lost.append((name, "what says whether it is right is damaged itself"))
            }
        }
        for entry in inventory.entries { try repairParity(entry.object) }
        return report
    }

    /// The repository by its header, or by the parity that protects it if that is damaged.
    private func findRepository() throws -> RepositoryID {
        do {
            return try Repository.readFormat(store).repository
        } catch let error as RepositoryError where error.code == .noRepository || error.code == .integrity {
            var found: RepositoryID?
            let format = try ObjectName(ObjectNames.format)
            try store.list(prefix: ObjectNames.parityObjects) { name, _ in
                guard found == nil, let object = try? ParityObject(name, in: store) else { return }
                if object.head.members.contains(where: { $0.name == format }) { found = object.head.repository }
            }
            guard let found else { throw error }
            return found
        }
    }

    private func repair(
        _ object: ParityObject,
        _ stage: Stage,
        _ judge: ObjectJudge,
        _ needs: ObjectNeeds
    ) throws {
        var damaged: Set<Int> = []
        for (number, member) in object.head.members.enumerated() where Stage(member.name) == stage {
            if report.repaired.contains(member.name) { continue }
            switch try judge.state(of: member.name, hash: member.hash, onRead: onRead) {
            case .whole: continue
            // Anybody can put a parity object there: on its word alone nothing is replaced.
            case .unknown: undecided.insert(member.name)
            case .damaged: damaged.insert(number)
            case .missing:
                if needs.isNeeded(member.name) { damaged.insert(number) } else { removed.insert(member.name) }
            }
        }
        guard !damaged.isEmpty else { return }
        let members = object.head.members
        for number in damaged where !report.damaged.contains(members[number].name) {
            report.damaged.append(members[number].name)
        }
        let decoder = ParityDecoder(object, store: store, onRead: onRead)
        let left = try decoder.recover(damaged) { number, write in
            let name = members[number].name
            do {
                guard try put(members[number], write) else {
                    report.lost.append((name, "what the parity gives for it is not signed, or belongs elsewhere"))
                    return
                }
                report.repaired.append(name)
                report.lost.removeAll { $0.name == name }
                if !isDryRun { onRepaired(name) }
            } catch let error as StorageError where error.code == .alreadyExists {
                report.damaged.removeAll { $0 == name }
            }
        }
        if decoder.mostLost > report.worst.lost {
            report.worst = (decoder.mostLost, object.head.shape.parityColumns)
        }
        for number in left where !report.lost.contains(where: { $0.name == members[number].name }) {
            let reason =
                "a stripe of \(object.name) has lost \(decoder.mostLost) blocks, and can do without "
                + "\(object.head.shape.parityColumns)"
            report.lost.append((members[number].name, reason))
        }
    }

    /// Puts an object back.
    ///
    /// - Returns: false if its bytes are not a whole object of this name, whatever the parity says.
    private func put(_ member: ParityMember, _ write: (any ObjectWriter) throws -> Void) throws -> Bool {
        guard let parsed = ObjectNames.parse(member.name.path) else { return false }
        if let stated = parsed.hash {
            guard stated == member.hash else { return false }
            if !isDryRun {
                try store.replaceDamaged(member.name, expected: stated, isWhole: nil, write: write)
            }
            return true
        }
        let judge = ObjectJudge(store: store, repository: try findRepository())
        let collector = Collector()
        try write(collector)
        guard judge.isWhole(parsed, collector.bytes) == true else { return false }
        guard !isDryRun else { return true }
        // Bytes that cannot be judged are never replaced.
        try store.replaceDamaged(
            member.name,
            expected: member.hash,
            isWhole: { judge.isWhole(parsed, $0) ?? true },
            write: { try $0.append(collector.bytes) }
        )
        return true
    }

    private func repairParity(_ object: ParityObject) throws {
        guard let hash = ObjectNames.parse(object.name.path)?.hash else { return }
        let found: Digest?
        do {
            found = try store.digest(of: object.name, onRead: onRead)
        } catch let error as StorageError {
            if error.code == .notFound { return }
            if error.code == .unavailable { throw error }
            found = nil
        }
        guard found != hash else { return }
        report.damagedParity.append(object.name)
        do {
            let bytes = try ParityEncoder.encode(object.head, store: store, onRead: onRead)
            guard try unsafe SHA256.hash(bytes.span.bytes) == hash else { return }
            if !isDryRun {
                try store.replaceDamaged(object.name, expected: hash, isWhole: nil) { try $0.append(bytes) }
            }
            report.repairedParity.append(object.name)
        } catch ParityEncoder.Failure.damaged {
            // Members that are gone for good: parity create makes another group of what is left.
        }
    }
}

/// Keeps what is written to it.
private final class Collector: ObjectWriter {
    private(set) var bytes: [UInt8] = []

    var byteCount: UInt64 { UInt64(bytes.count) }

    func append(_ bytes: RawSpan) throws {
        unsafe bytes.withUnsafeBytes { unsafe self.bytes.append(contentsOf: $0) }
    }

    func commit(as name: ObjectName) throws {
        throw StorageError(.other, "what is only to be looked at cannot be stored", object: name)
    }

    func abandon() { bytes = [] }
}
