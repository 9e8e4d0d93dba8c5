import Records
import Threads

/// Counts problems and hands them on.
final class ProblemLog: Sendable {
    private let observer: any CheckObserver
    private let counts = Monitor((errors: 0, warnings: 0))

    init(observer: any CheckObserver) { self.observer = observer }

    /// How many were reported.
    var totals: (errors: Int, warnings: Int) { counts.withLock { $0 } }

    func report(_ problem: CheckProblem) {
        counts.withLock { counts in
            switch problem.severity {
            case .error: counts.errors += 1
            case .warning: counts.warnings += 1
            }
        }
        observer.problem(problem)
    }

    func error(_ kind: CheckProblem.Kind, _ message: String, object: String? = nil, snapshots: [ObjectHash] = []) {
        report(CheckProblem(.error, kind, message, object: object, snapshots: snapshots))
    }

    func warning(_ kind: CheckProblem.Kind, _ message: String, object: String? = nil) {
        report(CheckProblem(.warning, kind, message, object: object))
    }
}
