import Cryptography
import ObjectStorage
import Records
import Repository

/// The objects of a store, and the groups that protect them.
struct ParityInventory {
    /// A parity object whose head could be read.
    struct Entry {
        var object: ParityObject
        /// Members that are not there.
        var missing: [ParityMember]
    }

    /// Objects that can be protected.
    private(set) var objects: [ParityPlan.Object] = []
    private(set) var entries: [Entry] = []
    /// Parity objects of which no head can be read.
    private(set) var unreadable: [ObjectName] = []

    init(store: any ObjectStore, repository: RepositoryID) throws {
        var parity: [ObjectName] = []
        try store.list(prefix: "") { name, byteCount in
            if case .parity? = ObjectNames.parse(name.path) { parity.append(name) }
            if ParityHead.protects(name) { objects.append(ParityPlan.Object(name: name, byteCount: byteCount)) }
        }
        let present = Set(objects.map(\.name))
        for name in parity {
            do {
                let object = try ParityObject(name, in: store)
                guard object.head.repository == repository else {
                    unreadable.append(name)
                    continue
                }
                let missing = object.head.members.filter { !present.contains($0.name) }
                entries.append(Entry(object: object, missing: missing))
            } catch let error as StorageError where error.code == .notFound {
                continue
            } catch let error as StorageError where error.code == .unavailable {
                throw error
            } catch {
                unreadable.append(name)
            }
        }
    }

    /// The per cent of data parity that was asked for last; nil if there is no parity.
    var percent: Int? { entries.map(\.object.head.percent).max() }
}
