import Cryptography
import ObjectStorage
import Records

/// All objects of a store, by what their names say.
///
/// It is taken after the commits were loaded: what a commit needs was durable before it, so it is listed here, however
/// many backups are running.
struct ObjectSurvey {
    /// Packs and their lengths.
    private(set) var packs: [ObjectHash: UInt64] = [:]
    /// Index fragments and their lengths.
    private(set) var fragments: [ObjectHash: UInt64] = [:]
    /// Key slots.
    private(set) var slots: Set<ObjectHash> = []
    /// All other objects, without header, policies and commits.
    private(set) var records: [ParsedName] = []
    /// Parity objects, with their lengths.
    private(set) var parity: [ObjectHash: UInt64] = [:]
    /// How many objects there are.
    private(set) var objectCount = 0
    /// Their bytes.
    private(set) var byteCount: UInt64 = 0

    /// Lists the store, reporting names that do not belong and lengths that cannot be.
    static func take(_ store: any ObjectStore, problems: ProblemLog) throws -> ObjectSurvey {
        var survey = ObjectSurvey()
        try store.list(prefix: "") { name, byteCount in
            guard let parsed = ObjectNames.parse(name.path) else {
                problems.warning(
                    .unknownObject,
                    "\(name) is no object of the repository; move it elsewhere if you know what it is",
                    object: name.path
                )
                return
            }
            survey.objectCount += 1
            survey.byteCount += byteCount
            if byteCount > UInt64(parsed.kind.maximumByteCount) {
                problems.error(
                    parsed.problemKind,
                    "the \(parsed.kind.name) \(name) has \(byteCount) bytes, more than the format permits",
                    object: name.path
                )
            }
            switch parsed {
            case .pack(let hash): survey.packs[hash] = byteCount
            case .index(let hash): survey.fragments[hash] = byteCount
            case .slot(let hash): survey.slots.insert(hash)
            case .parity(let hash): survey.parity[hash] = byteCount
            case .format, .policy, .commit: break
            default: survey.records.append(parsed)
            }
        }
        return survey
    }

    /// The packs as references.
    var packReferences: [PackReference] { packs.map { PackReference(name: $0.key, byteCount: $0.value) } }
}

extension ParsedName {
    /// What a problem with the object is about.
    var problemKind: CheckProblem.Kind {
        switch kind {
        case .format: .format
        case .policy: .policy
        case .slot: .slot
        case .pack: .packDamaged
        case .index: .index
        case .packList: .packList
        case .commit: .history
        case .lease: .lease
        case .parity: .parity
        case .attestation, .plan, .planDone, .forgotten, .hold, .receipt, .erasure, .audit: .record
        }
    }
}
