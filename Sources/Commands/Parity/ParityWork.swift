import Cryptography
import FileSystem
import ObjectStorage
import Parity
import Records
import Repository
import Threads

/// Runs the work on parity with progress, and says what came of it.
struct ParityWork {
    private let session: Session
    private let store: any ObjectStore

    /// Works on a store.
    init(_ session: Session, store: any ObjectStore) {
        self.session = session
        self.store = store
    }

    /// Makes what parity is lacking.
    func create(percent: Int) throws -> ParityCreation.Report {
        try withProgress { onRead in try ParityCreation.run(store: store, percent: percent, onRead: onRead) }
    }

    /// Checks what is protected, and recovers it.
    func repair(isDryRun: Bool) throws -> ParityRepair.Report {
        let damagedPacks = try? Repository.readFormat(store).repository
        let remembered = try damagedPacks.map { DamagedPacks(directory: try LocalDirectories(session).state(of: $0)) }
        return try withProgress { onRead in
            let repair = ParityRepair(store: store, isDryRun: isDryRun, onRead: onRead) { name in
                if case .pack(let hash)? = ObjectNames.parse(name.path) { remembered?.forget(hash) }
            }
            return try repair.run()
        }
    }

    private func withProgress<Result>(_ body: (@escaping (Int) throws -> Void) throws -> Result) throws -> Result {
        let bytes = Monitor<UInt64>(0)
        let reporter = ProgressReporter(session) {
            ProgressState(bytesDone: bytes.withLock { $0 }, itemName: "objects")
        }
        defer { reporter.stop() }
        return try body { count in
            bytes.withLock { $0 += UInt64(count) }
            if Cancellation.isRequested {
                throw RepositoryError(.cancelled, "stopped; what parity there is stays as it is, run it again")
            }
        }
    }

    /// Says what is wrong after parity was made.
    ///
    /// - Returns: what the command ends with.
    func tellProblems(_ report: ParityCreation.Report) -> ExitStatus {
        let output = session.output
        for name in report.damaged {
            output.problem("\(name) is damaged and gets no parity: run holdfast parity repair")
        }
        for name in report.lost { output.problem("\(name) is missing: run holdfast parity repair") }
        for name in report.unreadable { output.problem("parity object \(name) cannot be read; remove it") }
        for name in report.tooLong { output.warning("\(name) is too long to be protected") }
        for (name, reason) in report.notRemoved {
            output.warning("parity object \(name) is not needed any more and could not be removed: \(reason)")
        }
        if !report.damaged.isEmpty || !report.lost.isEmpty || !report.unreadable.isEmpty { return .integrityFailure }
        return report.tooLong.isEmpty && report.notRemoved.isEmpty ? .success : .partial
    }
}
