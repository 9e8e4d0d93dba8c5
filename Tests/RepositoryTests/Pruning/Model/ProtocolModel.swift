/// All steps that anybody can take: a suspended run is one whose step comes late, a killed one whose step never comes,
/// and a lease may run out at any moment.
struct ProtocolModel {
    let configuration: ModelCase

    private var rules: ModelRules { configuration.rules }

    /// The beginning.
    var start: ModelState { ModelState(packs: configuration.packs) }

    private enum WriterPhase {
        static let beginnings: UInt8 = 3
        static let store: UInt8 = 3
        static let commit: UInt8 = 4
        static let look: UInt8 = 5
        static let end: UInt8 = 6
        static let over: UInt8 = 7
    }

    /// The steps of a prune, in the order that the rules give.
    private enum PruneStep {
        case readRecords, listPacks, listCommits, copy, announce, listLeases, wait, listDead, lookAgain, decide, delete
        case clean
    }

    private var pruneSteps: [PruneStep] {
        var steps: [PruneStep] = [.readRecords, .listPacks, .listCommits]
        if rules.contains(.copyBeforePlan) { steps.append(.copy) }
        steps += rules.contains(.planBeforeLeases) ? [.announce, .listLeases] : [.listLeases, .announce]
        steps.append(.wait)
        steps += rules.contains(.deadBeforeCommits) ? [.listDead, .lookAgain] : [.lookAgain, .listDead]
        steps += rules.contains(.recordBeforeDeletion) ? [.decide, .delete] : [.delete, .decide]
        if !rules.contains(.copyBeforePlan) { steps.append(.copy) }
        steps.append(.clean)
        return steps
    }

    /// Whether the chunk is needed.
    func isNeeded(_ state: ModelState) -> Bool { configuration.isNeeded || state.counting(rules) != 0 }

    /// What is wrong with a state; nil if nothing is.
    func violation(_ state: ModelState) -> String? {
        if isNeeded(state), state.packs & ~configuration.fakes == 0 {
            return "a snapshot that counts has lost its chunk"
        }
        if state.reported & ~state.counting(rules) != 0 { return "a backup that reported success does not count" }
        return nil
    }

    /// All states after one step of anybody.
    func successors(of state: ModelState) -> [(step: String, state: ModelState)] {
        var next: [(String, ModelState)] = []
        for writer in 0..<configuration.writers {
            if let (step, state) = writerStep(state, writer) { next.append((step, state)) }
        }
        for prune in 0..<configuration.prunes { next += pruneSteps(state, prune) }
        return next
    }

    // A backup.

    private func writerStep(_ before: ModelState, _ writer: Int) -> (String, ModelState)? {
        var state = before
        let phase = state[writer: writer, .phase]
        let run = UInt8(writer * 2) + state[writer: writer, .attempt]
        let bit: UInt8 = 1 << run
        let name = "backup \(writer), run \(run):"
        guard phase < WriterPhase.over else { return nil }
        state[writer: writer, .phase] = phase + 1
        switch phase {
        case 0..<WriterPhase.beginnings:
            return (begin(&state, writer, bit, Int(phase), name), state)
        case WriterPhase.store:
            if state[writer: writer, .reused] == 1 { return (name + " refers to what is there", state) }
            let pack: UInt8 = 1 << (2 + run)
            state.packs |= pack
            state[writer: writer, .new] |= pack
            return (name + " stores the chunk", state)
        case WriterPhase.commit:
            state.commits |= bit
            return (name + " commits", state)
        case WriterPhase.look:
            guard rules.contains(.looksForDead), state.dead & bit != 0 else {
                state.reported |= bit
                return (name + " reports success", state)
            }
            state.active &= ~bit
            if state[writer: writer, .attempt] == 0 {
                state[writer: writer, .attempt] = 1
                state[writer: writer, .phase] = 0
                state[writer: writer, .planned] = 0
                state[writer: writer, .present] = 0
                state[writer: writer, .reused] = 0
                return (name + " finds itself dead and begins anew", state)
            }
            state[writer: writer, .phase] = WriterPhase.over
            return (name + " finds itself dead and fails", state)
        default:
            state.active &= ~bit
            return (name + " ends", state)
        }
    }

    private func begin(_ state: inout ModelState, _ writer: Int, _ bit: UInt8, _ phase: Int, _ name: String) -> String {
        let lease = { (state: inout ModelState) in
            state.active |= bit
            return name + " writes its lease"
        }
        let plans = { (state: inout ModelState) in
            state[writer: writer, .planned] = state.planned
            return name + " reads plans"
        }
        let packs = { (state: inout ModelState) in
            state[writer: writer, .present] = state.packs
            return name + " lists packs"
        }
        var order = [lease, plans, packs]
        if !rules.contains(.plansAfterLease) { order = [plans, lease, packs] }
        if !rules.contains(.packsAfterLease) { order = [packs, lease, plans] }
        let step = order[phase](&state)
        if phase == 2 {
            // Its own lists vouch for the honest pack and for what it has stored itself.
            var usable = state[writer: writer, .present] & (1 | state[writer: writer, .new])
            if rules.contains(.plannedIsNotReused) { usable &= ~state[writer: writer, .planned] }
            state[writer: writer, .reused] = usable == 0 ? 0 : 1
        }
        return step
    }

    // A prune.

    private func pruneSteps(_ before: ModelState, _ prune: Int) -> [(String, ModelState)] {
        let steps = pruneSteps
        let phase = Int(before[prune: prune, .phase])
        guard phase < steps.count else { return [] }
        var state = before
        state[prune: prune, .phase] = UInt8(phase + 1)
        let name = "prune \(prune):"
        switch steps[phase] {
        case .readRecords:
            state[prune: prune, .number] = state.nextNumber
            state[prune: prune, .deleted] = state.deleted
            return [(name + " reads records", state)]
        case .listPacks:
            state[prune: prune, .present] = state.packs & ~state[prune: prune, .deleted]
            return [(name + " lists packs", state)]
        case .listCommits:
            return look(state, prune, name)
        case .copy:
            guard state[prune: prune, .copy] == 1 else { return [(name + " copies nothing", state)] }
            state.packs |= 1 << UInt8(6 + min(prune, 1))
            return [(name + " writes the chunk anew", state)]
        case .announce:
            if !rules.contains(.numberFromTheStart) { state[prune: prune, .number] = state.nextNumber }
            guard state[prune: prune, .number] < UInt8(ModelState.prunes) else { return [] }
            state[prune: prune, .isAnnounced] = 1
            return [(name + " announces its plan", state)]
        case .listLeases:
            state[prune: prune, .waiting] = rules.contains(.waits) ? state.active & ~state.dead : 0
            return [(name + " lists leases", state)]
        case .wait:
            return wait(before, prune, name)
        case .listDead:
            state[prune: prune, .dead] = state.dead
            return [(name + " lists who is dead", state)]
        case .lookAgain:
            state[prune: prune, .committed] = state.commits
            let isNew = state[prune: prune, .needed] == 0 && isNeeded(state)
            state[prune: prune, .kept] = rules.contains(.takesBack) && isNew ? state[prune: prune, .plan] : 0
            return [(name + " looks at commits again", state)]
        case .decide:
            return [decide(state, prune, name)]
        case .delete:
            state.packs &= ~(state[prune: prune, .plan] & ~state[prune: prune, .kept])
            // What an earlier record has deleted and a killed prune has left goes as well.
            state.packs &= ~state[prune: prune, .deleted]
            return [(name + " deletes", state)]
        case .clean:
            for number in 0..<Int(state[prune: prune, .number]) {
                state[record: number, .plan] = 0
                state[record: number, .kept] = 0
                state[record: number, .dead] = 0
            }
            return [(name + " removes old records", state)]
        }
    }

    /// What is needed, and so what may go: each choice of the copy that stays is a case of its own.
    private func look(_ before: ModelState, _ prune: Int, _ name: String) -> [(String, ModelState)] {
        var state = before
        let present = state[prune: prune, .present]
        guard isNeeded(state) else {
            state[prune: prune, .plan] = present
            return [(name + " finds that nothing is needed", state)]
        }
        state[prune: prune, .needed] = 1
        var next: [(String, ModelState)] = []
        for pack in 0..<UInt8(8) where present >> pack & 1 == 1 {
            let isFake = configuration.fakes >> pack & 1 == 1
            if isFake, rules.contains(.copyIsVerified) { continue }
            state[prune: prune, .plan] = present & ~(1 << pack)
            next.append((name + " lets pack \(pack) stay", state))
        }
        if configuration.repacks, prune < 2, present & ~configuration.fakes != 0 {
            state[prune: prune, .plan] = present
            state[prune: prune, .copy] = 1
            next.append((name + " means to write the chunk anew", state))
        }
        // Where no copy is good nothing goes.
        return next
    }

    private func wait(_ before: ModelState, _ prune: Int, _ name: String) -> [(String, ModelState)] {
        var state = before
        let waiting = state[prune: prune, .waiting] & state.active & ~state.dead
        guard waiting != 0 else {
            state[prune: prune, .waiting] = 0
            state[prune: prune, .phase] += 1
            return [(name + " has waited", state)]
        }
        return (0..<UInt8(4)).filter { waiting >> $0 & 1 == 1 }.map { run in
            var state = before
            if rules.contains(.writesDead) { state.dead |= 1 << run }
            state[prune: prune, .waiting] = waiting & ~(1 << run)
            return (name + " gives up run \(run)", state)
        }
    }

    private func decide(_ before: ModelState, _ prune: Int, _ name: String) -> (String, ModelState) {
        var state = before
        let number = Int(state[prune: prune, .number])
        if state[record: number, .owner] != ModelState.none {
            if rules.contains(.recordOnce) {
                // Void: nothing more is done.
                state[prune: prune, .phase] = UInt8(pruneSteps.count)
                return (name + " finds the number decided", state)
            }
            state[record: number, .plan] |= state[prune: prune, .plan]
            state[record: number, .kept] &= state[prune: prune, .kept]
            return (name + " decides the number again", state)
        }
        state[record: number, .owner] = UInt8(prune)
        state[record: number, .plan] = state[prune: prune, .plan]
        state[record: number, .kept] = state[prune: prune, .kept]
        var dead = state[prune: prune, .dead] & ~state[prune: prune, .committed]
        if !rules.contains(.recordListsDead) { dead = 0 }
        let earlier = (0..<number).reduce(UInt8(0)) { $0 | state[record: $1, .dead] }
        state[record: number, .dead] = rules.contains(.deadIsRepeated) ? dead | earlier : dead
        return (name + " decides", state)
    }

    /// Runs one more prune alone, to its end, from a state in which everybody else was killed.
    ///
    /// - Returns: the state, or what is wrong with one on the way.
    func cleanedUp(_ state: ModelState) -> (state: ModelState, violation: String?) {
        var state = state
        let prune = ModelState.prunes - 1
        for field in 0..<14 {
            if let field = ModelState.PruneField(rawValue: field) { state[prune: prune, field] = 0 }
        }
        while let next = pruneSteps(state, prune).first?.1 {
            state = next
            if let violation = violation(state) { return (state, "in the prune afterwards, " + violation) }
        }
        return (state, nil)
    }
}
