import Testing

/// The protocol by which packs are deleted, explored exhaustively on small cases; and each of its rules shown to be
/// needed.
@Suite struct ProtocolModelTests {
    private func expectSafe(_ configuration: ModelCase, location: SourceLocation = #_sourceLocation) {
        let result = ModelExploration.explore(configuration)
        #expect(
            result.violation == nil,
            "\(result.violation ?? ""):\n\(result.steps.joined(separator: "\n"))",
            sourceLocation: location
        )
        #expect(result.isComplete && result.states > 100, "\(result.states) states", sourceLocation: location)
    }

    /// Without a rule something is lost, and the model finds it.
    private func expectNeeded(
        _ rule: ModelRules,
        _ configuration: ModelCase,
        _ violation: String,
        location: SourceLocation = #_sourceLocation
    ) {
        var configuration = configuration
        configuration.rules.remove(rule)
        let result = ModelExploration.explore(configuration, checksSpace: false)
        #expect(
            result.violation?.contains(violation) ?? false,
            "\(result.violation ?? "nothing wrong in \(result.states) states")",
            sourceLocation: location
        )
    }

    private let lost = "lost its chunk"
    private let unreported = "does not count"

    // What is safe.

    @Test("row 26: a backup and a prune, suspended and killed anywhere")
    func backupAndPrune() { expectSafe(ModelCase()) }

    @Test("row 26: two backups and a prune")
    func twoBackupsAndAPrune() { expectSafe(ModelCase(writers: 2)) }

    @Test("row 26: a backup and two prunes")
    func backupAndTwoPrunes() { expectSafe(ModelCase(prunes: 2)) }

    @Test("row 26: two prunes and two copies of a needed chunk, one of which each may choose")
    func twoPrunesAndTwoCopies() {
        expectSafe(ModelCase(writers: 0, prunes: 2, isNeeded: true, packs: 3, repacks: true))
    }

    @Test("row 26: a backup, two prunes that write anew, and a hostile copy")
    func hostileCopy() {
        expectSafe(ModelCase(writers: 1, prunes: 1, isNeeded: true, packs: 3, fakes: 2, repacks: true))
        expectSafe(ModelCase(writers: 0, prunes: 2, isNeeded: true, packs: 3, fakes: 2, repacks: true))
    }

    // What each rule is for.

    @Test func withoutReadingPlansAfterTheLease() { expectNeeded(.plansAfterLease, ModelCase(), lost) }

    @Test func withoutListingPacksAfterTheLease() {
        // A cache that missed a plan: by the time the run looks, the plan is long forgotten.
        expectNeeded(.packsAfterLease, ModelCase(prunes: 2), lost)
    }

    @Test func withReuseOfPlannedPacks() { expectNeeded(.plannedIsNotReused, ModelCase(), lost) }

    @Test func withoutLookingForDead() { expectNeeded(.looksForDead, ModelCase(), unreported) }

    @Test func withLeasesListedBeforeThePlan() { expectNeeded(.planBeforeLeases, ModelCase(), lost) }

    @Test func withoutWaiting() { expectNeeded(.waits, ModelCase(), lost) }

    @Test func withoutTellingTheDead() { expectNeeded(.writesDead, ModelCase(), lost) }

    @Test func withoutTakingBack() { expectNeeded(.takesBack, ModelCase(), lost) }

    @Test func withTheDeadListedAfterCommits() { expectNeeded(.deadBeforeCommits, ModelCase(prunes: 2), unreported) }

    @Test func withTwoRecordsOfANumber() {
        expectNeeded(.recordOnce, ModelCase(writers: 0, prunes: 2, isNeeded: true, packs: 3), lost)
    }

    @Test func withNumbersTakenLate() {
        expectNeeded(.numberFromTheStart, ModelCase(writers: 0, prunes: 2, isNeeded: true, packs: 3), lost)
    }

    @Test func withDeadThatVoidsByItself() { expectNeeded(.recordVoids, ModelCase(), unreported) }

    @Test func withoutTheDeadInTheRecord() { expectNeeded(.recordListsDead, ModelCase(), lost) }

    @Test func withoutRepeatingTheDead() { expectNeeded(.deadIsRepeated, ModelCase(prunes: 2), lost) }

    @Test func withCopiesThatAreBelieved() {
        expectNeeded(.copyIsVerified, ModelCase(writers: 0, isNeeded: true, packs: 3, fakes: 2), lost)
    }

    @Test func withDeletionBeforeTheCopy() {
        expectNeeded(.copyBeforePlan, ModelCase(writers: 0, isNeeded: true, repacks: true), lost)
    }

    @Test func withDeletionBeforeTheRecord() { expectNeeded(.recordBeforeDeletion, ModelCase(), lost) }
}
