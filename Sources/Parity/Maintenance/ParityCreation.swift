import Cryptography
package import ObjectStorage
import Records
import Repository

/// Makes parity for what has none, and removes what protects nothing any more; needs no keys.
///
/// New parity objects are durable before an old one is removed; a group with a damaged or lost member stays, so that the
/// member can still be recovered.
package struct ParityCreation {
    /// What was done.
    package struct Report: Sendable {
        /// Objects that are protected now.
        package var protected = 0
        /// Their bytes.
        package var protectedBytes: UInt64 = 0
        /// Parity objects made.
        package var made = 0
        /// Their bytes.
        package var madeBytes: UInt64 = 0
        /// Parity objects removed.
        package var removed = 0
        /// Parity objects that could not be removed, with the reason.
        package var notRemoved: [(name: ObjectName, reason: String)] = []
        /// Objects that are damaged, and therefore not protected anew.
        package var damaged: [ObjectName] = []
        /// Objects that are missing and needed: to be repaired first.
        package var lost: [ObjectName] = []
        /// Objects that are too long to be protected.
        package var tooLong: [ObjectName] = []
        /// Parity objects that cannot be read.
        package var unreadable: [ObjectName] = []
    }

    private let store: any ObjectStore
    private let repository: RepositoryID
    private let percent: Int
    private let onRead: (Int) throws -> Void

    /// The per cent of parity that was asked for in a repository; nil if it has none.
    package static func percent(in store: any ObjectStore) throws -> Int? {
        var isEmpty = true
        try store.list(prefix: ObjectNames.parityObjects) { _, _ in isEmpty = false }
        guard !isEmpty else { return nil }
        return try ParityInventory(store: store, repository: Repository.readFormat(store).repository).percent
    }

    /// Makes and removes parity until all that can be is protected.
    ///
    /// - Parameters:
    ///   - percent: of data, 1 to 100, at least; each group can lose its longest object in any case.
    ///   - onRead: told of bytes that were read; what it throws ends the work, with what is done so far in place.
    package static func run(
        store: any ObjectStore,
        percent: Int,
        onRead: @escaping (Int) throws -> Void = { _ in }
    ) throws -> Report {
        guard (1...100).contains(percent) else {
            throw RepositoryError(.invalidRequest, "\(percent) % parity cannot be: give 1 to 100")
        }
        let format = try Repository.readFormat(store)
        let creation = ParityCreation(
            store: store,
            repository: format.repository,
            percent: percent,
            onRead: onRead
        )
        var report = Report()
        var damaged: Set<ObjectName> = []
        var wasDamaged: Set<ObjectName>
        repeat {
            wasDamaged = damaged
            try creation.pass(&damaged, &report)
        } while damaged != wasDamaged
        report.damaged = damaged.sorted()
        return report
    }

    private func pass(_ damaged: inout Set<ObjectName>, _ report: inout Report) throws {
        let inventory = try ParityInventory(store: store, repository: repository)
        report.unreadable = inventory.unreadable
        report.tooLong = []
        let needs = inventory.entries.contains { !$0.missing.isEmpty } ? try ObjectNeeds(store: store) : nil
        let lost = Set(inventory.entries.flatMap(\.missing).map(\.name).filter { needs?.isNeeded($0) ?? false })
        report.lost = lost.sorted()
        for sort in ParityPlan.Sort.allCases {
            let groups = inventory.entries.filter {
                $0.object.head.members.first.map { ParityPlan.Sort($0.name) == sort } ?? false
            }.map { entry in
                let members = entry.object.head.members.map(\.name)
                return ParityPlan.Group(
                    name: entry.object.name,
                    members: members,
                    isNeeded: members.contains { lost.contains($0) || damaged.contains($0) }
                )
            }
            let plan = ParityPlan.make(
                sort,
                objects: inventory.objects.filter { ParityPlan.Sort($0.name) == sort && !damaged.contains($0.name) },
                groups: groups,
                percent: percent
            )
            report.tooLong += plan.tooLong
            var isDone = true
            for group in plan.form where try !form(group, sort, &damaged, &report) { isDone = false }
            guard isDone else { continue }
            for name in plan.remove { remove(name, &report) }
        }
        let after = try ParityInventory(store: store, repository: repository)
        let protected = Set(after.entries.flatMap { $0.object.head.members.map(\.name) })
        let objects = after.objects.filter { protected.contains($0.name) }
        report.protected = objects.count
        report.protectedBytes = objects.reduce(0) { $0 + $1.byteCount }
    }

    /// Makes the parity of a group.
    ///
    /// - Returns: whether it could be: not if an object is damaged or was removed meanwhile.
    private func form(
        _ group: [ParityPlan.Object],
        _ sort: ParityPlan.Sort,
        _ damaged: inout Set<ObjectName>,
        _ report: inout Report
    ) throws -> Bool {
        var members: [ParityMember] = []
        let judge = ObjectJudge(store: store, repository: repository)
        var isWhole = true
        for object in group {
            do {
                members.append(try member(object, judge))
            } catch let error as StorageError where error.code == .notFound {
                return false
            } catch let error where error is StorageError || error is RepositoryError {
                if (error as? StorageError)?.code == .unavailable { throw error }
                damaged.insert(object.name)
                isWhole = false
            }
        }
        guard isWhole else { return false }
        let counts = members.map { ParityShape.divided(Int($0.byteCount), sort.blockLength) }
        guard
            let shape = ParityShape.choose(
                blockCounts: counts,
                blockLength: sort.blockLength,
                percent: sort.percent(percent)
            )
        else { throw RepositoryError(.invalidRequest, "a group of \(members.count) objects is too large for parity") }
        let head = ParityHead(repository: repository, shape: shape, percent: percent, members: members)
        do {
            let object = try ParityEncoder.encode(head, store: store, onRead: onRead)
            let name = try unsafe ObjectName(ObjectNames.parity(SHA256.hash(object.span.bytes)))
            do {
                try store.put(name, object)
                report.made += 1
                report.madeBytes += UInt64(object.count)
            } catch let error as StorageError where error.code == .alreadyExists {
                // The same group has the same parity.
            }
            return true
        } catch ParityEncoder.Failure.damaged(let names) {
            for name in names where (try? store.exists(name)) == true { damaged.insert(name) }
            return false
        }
    }

    private func member(_ object: ParityPlan.Object, _ judge: ObjectJudge) throws -> ParityMember {
        if let hash = ObjectNames.parse(object.name.path)?.hash {
            return ParityMember(name: object.name, byteCount: object.byteCount, hash: hash)
        }
        let bytes = try store.readAll(object.name, atMost: RecordKind.commit.maximumByteCount)
        guard let parsed = ObjectNames.parse(object.name.path), judge.isWhole(parsed, bytes) == true else {
            throw RepositoryError(.integrity, "\(object.name) is damaged")
        }
        return ParityMember(
            name: object.name,
            byteCount: UInt64(bytes.count),
            hash: try unsafe SHA256.hash(bytes.span.bytes)
        )
    }

    private func remove(_ name: ObjectName, _ report: inout Report) {
        do {
            try store.remove(name)
            report.removed += 1
        } catch let error as StorageError where error.code == .notFound {
            // Somebody else has removed it.
        } catch {
            report.notRemoved.append((name, "\(error)"))
        }
    }
}
