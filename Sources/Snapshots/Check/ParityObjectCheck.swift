import Cryptography
import ObjectStorage
import Records
import Repository

/// Compares parity objects with their names.
enum ParityObjectCheck {
    static func run(
        _ survey: ObjectSurvey,
        store: any ObjectStore,
        problems: ProblemLog,
        isCancelled: () -> Bool
    ) throws {
        for hash in survey.parity.keys.sorted() {
            let name = ObjectNames.parity(hash)
            do {
                let found = try store.digest(of: ObjectName(name)) { _ in
                    if isCancelled() { throw RepositoryError(.cancelled, "stopped before everything was checked") }
                }
                guard found != hash else { continue }
                throw RepositoryError(.integrity, "its bytes are not those that its name says")
            } catch let error as StorageError where error.code == .notFound {
                continue
            } catch let error where error.isDamage {
                problems.error(
                    .parity,
                    "parity object \(hash) is damaged; mend it with holdfast parity repair (\(error))",
                    object: name
                )
            }
        }
    }
}
