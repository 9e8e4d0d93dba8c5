import Cryptography
import ObjectStorage
import Records
import Repository

extension Error {
    /// Whether the error is about one object, whose bytes are wrong, missing or unreadable, rather than about the store
    /// or the run.
    var isDamage: Bool {
        switch self {
        case let error as RepositoryError: [.integrity, .missing, .unsupported].contains(error.code)
        // A disk that cannot read one object (EIO is "other") may still give the rest.
        case let error as StorageError: ![.unavailable, .noSpace, .invalidName].contains(error.code)
        case is RecordError, is ManifestError, is CryptographyError: true
        default: false
        }
    }
}
