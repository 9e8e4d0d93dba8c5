/// Visits every state that can be reached, breadth first, so that the way to a violation is a shortest one.
struct ModelExploration {
    /// How far it goes before it gives up.
    static let limit = 3_000_000

    /// What was found.
    struct Result {
        /// States that can be reached.
        var states = 0
        /// What is wrong, if anything is.
        var violation: String?
        /// The steps that lead there.
        var steps: [String] = []
        /// Whether all states were visited.
        var isComplete = true
    }

    /// Explores a case.
    ///
    /// - Parameter checksSpace: whether in each state a last prune, all others killed, must free what is not needed.
    static func explore(_ configuration: ModelCase, checksSpace: Bool = true) -> Result {
        let model = ProtocolModel(configuration: configuration)
        var result = Result()
        var states = [model.start]
        var known = [model.start: 0]
        var origins: [(from: Int, step: String)] = [(-1, "")]
        var first = 0
        while first < states.count {
            let state = states[first]
            var violation = model.violation(state)
            if violation == nil, checksSpace { violation = unfreed(state, model) }
            if let violation {
                result.violation = violation
                result.steps = steps(to: first, origins)
                break
            }
            for (step, next) in model.successors(of: state) where known[next] == nil {
                known[next] = states.count
                states.append(next)
                origins.append((first, step))
            }
            first += 1
            if states.count > limit {
                result.isComplete = false
                break
            }
        }
        result.states = states.count
        return result
    }

    private static func unfreed(_ state: ModelState, _ model: ProtocolModel) -> String? {
        let (cleaned, violation) = model.cleanedUp(state)
        if let violation { return violation }
        let isNeeded = model.isNeeded(cleaned)
        if cleaned.packs.nonzeroBitCount > (isNeeded ? 1 : 0) { return "space is never freed" }
        return nil
    }

    private static func steps(to state: Int, _ origins: [(from: Int, step: String)]) -> [String] {
        var steps: [String] = []
        var current = state
        while current > 0 {
            steps.append(origins[current].step)
            current = origins[current].from
        }
        return steps.reversed()
    }
}
