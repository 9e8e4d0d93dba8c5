/// The rules of the protocol by which packs are deleted (format.md §14.1); each can be left out.
struct ModelRules: OptionSet, Hashable, Sendable {
    let rawValue: UInt32

    /// A run reads plans after its lease.
    static let plansAfterLease = ModelRules(rawValue: 1 << 0)
    /// A run lists packs after its lease, whatever its cache says.
    static let packsAfterLease = ModelRules(rawValue: 1 << 1)
    /// A run does not refer to what is on a plan.
    static let plannedIsNotReused = ModelRules(rawValue: 1 << 2)
    /// A run looks for `dead` after its commit, and begins anew.
    static let looksForDead = ModelRules(rawValue: 1 << 3)
    /// The plan is there before leases are listed.
    static let planBeforeLeases = ModelRules(rawValue: 1 << 4)
    /// Runs are waited for, or given up.
    static let waits = ModelRules(rawValue: 1 << 5)
    /// A run that is given up is told so by `dead`.
    static let writesDead = ModelRules(rawValue: 1 << 6)
    /// Commits are looked at again, and what they need is taken back.
    static let takesBack = ModelRules(rawValue: 1 << 7)
    /// Who is dead is listed before commits are.
    static let deadBeforeCommits = ModelRules(rawValue: 1 << 8)
    /// A record can exist once.
    static let recordOnce = ModelRules(rawValue: 1 << 9)
    /// A plan takes the number after the last record that its prune has read before it looked at anything.
    static let numberFromTheStart = ModelRules(rawValue: 1 << 10)
    /// `dead` alone voids nothing, only the record does.
    static let recordVoids = ModelRules(rawValue: 1 << 11)
    /// The record lists the runs whose commits do not count.
    static let recordListsDead = ModelRules(rawValue: 1 << 12)
    /// A later record repeats them.
    static let deadIsRepeated = ModelRules(rawValue: 1 << 13)
    /// The copy that stays is decrypted first.
    static let copyIsVerified = ModelRules(rawValue: 1 << 14)
    /// What is written anew is durable before the plan.
    static let copyBeforePlan = ModelRules(rawValue: 1 << 15)
    /// Nothing is deleted before the record.
    static let recordBeforeDeletion = ModelRules(rawValue: 1 << 16)

    /// The protocol as it is.
    static let all = ModelRules(rawValue: (1 << 17) - 1)
}

/// A small case.
struct ModelCase: Sendable {
    /// Backups that need the chunk; each may begin anew once.
    var writers = 1
    /// Prunes.
    var prunes = 1
    /// Whether a snapshot needs the chunk from the beginning.
    var isNeeded = false
    /// Packs that hold it in the beginning: bit 0 an honest one, bit 1 another.
    var packs: UInt8 = 1
    /// Packs that only claim to hold it.
    var fakes: UInt8 = 0
    /// Whether prunes may write the chunk anew.
    var repacks = false
    /// The rules.
    var rules = ModelRules.all
}

/// All that is stored, and where everybody is; one chunk is enough for every danger that is known.
///
/// Packs: 0 and 1 from the beginning, 2 to 5 of the runs, 6 and 7 of prunes. Runs: two for each writer.
struct ModelState: Hashable {
    private var bytes: [UInt8]

    /// Writers, prunes (the last one is the one that cleans up in the end) and numbers of plans.
    static let writers = 2
    static let prunes = 3
    static let none: UInt8 = 0xff

    private static let writersStart = 8
    private static let prunesStart = writersStart + writers * 6
    private static let recordsStart = prunesStart + prunes * 14
    private static let count = recordsStart + prunes * 4

    init(packs: UInt8) {
        bytes = [UInt8](repeating: 0, count: ModelState.count)
        self.packs = packs
        for number in 0..<ModelState.prunes { self[record: number, .owner] = ModelState.none }
    }

    /// Packs that exist.
    var packs: UInt8 {
        get { bytes[0] }
        set { bytes[0] = newValue }
    }
    /// Runs with a lease that have not ended.
    var active: UInt8 {
        get { bytes[1] }
        set { bytes[1] = newValue }
    }
    /// Runs with `dead`.
    var dead: UInt8 {
        get { bytes[2] }
        set { bytes[2] = newValue }
    }
    /// Runs that have committed.
    var commits: UInt8 {
        get { bytes[3] }
        set { bytes[3] = newValue }
    }
    /// Runs that have reported success.
    var reported: UInt8 {
        get { bytes[4] }
        set { bytes[4] = newValue }
    }

    /// What a writer knows.
    enum WriterField: Int { case phase, attempt, planned, present, new, reused }
    /// What a prune knows.
    enum PruneField: Int {
        case phase, number, present, needed, plan, copy, waiting, dead, committed, kept, written, deleted, isAnnounced,
            seen
    }
    /// What a record says.
    enum RecordField: Int { case owner, plan, kept, dead }

    subscript(writer number: Int, _ field: WriterField) -> UInt8 {
        get { bytes[ModelState.writersStart + number * 6 + field.rawValue] }
        set { bytes[ModelState.writersStart + number * 6 + field.rawValue] = newValue }
    }
    subscript(prune number: Int, _ field: PruneField) -> UInt8 {
        get { bytes[ModelState.prunesStart + number * 14 + field.rawValue] }
        set { bytes[ModelState.prunesStart + number * 14 + field.rawValue] = newValue }
    }
    subscript(record number: Int, _ field: RecordField) -> UInt8 {
        get { bytes[ModelState.recordsStart + number * 4 + field.rawValue] }
        set { bytes[ModelState.recordsStart + number * 4 + field.rawValue] = newValue }
    }

    /// The highest number that is decided, plus one.
    var nextNumber: UInt8 {
        for number in (0..<ModelState.prunes).reversed() where self[record: number, .owner] != ModelState.none {
            return UInt8(number + 1)
        }
        return 0
    }

    /// Packs that records say are deleted.
    var deleted: UInt8 {
        (0..<ModelState.prunes).reduce(0) { $0 | self[record: $1, .plan] & ~self[record: $1, .kept] }
    }

    /// Packs on plans that nobody has decided, or deleted by records.
    var planned: UInt8 {
        let next = nextNumber
        return (0..<ModelState.prunes).reduce(deleted) { planned, prune in
            guard self[prune: prune, .isAnnounced] == 1, self[prune: prune, .number] >= next else { return planned }
            return planned | self[prune: prune, .plan]
        }
    }

    /// Runs that records void.
    var voided: UInt8 { (0..<ModelState.prunes).reduce(0) { $0 | self[record: $1, .dead] } }

    /// Runs whose commits count.
    func counting(_ rules: ModelRules) -> UInt8 {
        if rules.contains(.recordVoids) { return commits & ~voided }
        // As in the first design: `dead` voids, unless a record names the commit.
        let named = (0..<ModelState.prunes).reduce(UInt8(0)) { named, number in
            let owner = self[record: number, .owner]
            return owner == ModelState.none ? named : named | self[prune: Int(owner), .committed]
        }
        return commits & ~(dead & ~named)
    }
}
