import Chunking
import Cryptography
import FileSystem
import ObjectStorage
import Records
import Repository
import Snapshots

/// The exit statuses of the program (docs/scripting.md); scripts must take any other for a failure.
enum ExitStatus: Int32, CaseIterable, Sendable {
    /// Everything that was asked for is done.
    case success = 0
    /// It could not be done.
    case failure = 1
    /// It is done but for some items, each of which was reported.
    case partial = 3
    /// There is no repository at the location.
    case noRepository = 10
    /// Another run of the same dataset is in progress on this host.
    case busy = 11
    /// The password, key file or words do not open the repository.
    case wrongKey = 12
    /// Something stored is damaged, missing, forged, or contradicts what this host remembers.
    case integrityFailure = 20
    /// The command line makes no sense, or lacks something (`EX_USAGE` of sysexits.h).
    case usage = 64
    /// The user stopped the run, by SIGINT or SIGTERM.
    case cancelled = 130
}

extension ExitStatus {
    /// The status that an error ends the program with.
    init(_ error: any Error) {
        self =
            switch error {
            case let error as RepositoryError: ExitStatus(error.code)
            case let error as StorageError: ExitStatus(error.code)
            case let error as RecordError: error.code == .unsupported ? .failure : .integrityFailure
            case let error as ManifestError: ExitStatus(error.code)
            case let error as CryptographyError: error.code == .authenticationFailed ? .integrityFailure : .failure
            case let error as ChunkingError: error.code == .corrupt ? .integrityFailure : .failure
            case is UsageError: .usage
            case is SystemError: .failure
            default: .failure
            }
    }

    private init(_ code: RepositoryError.Code) {
        self =
            switch code {
            case .noRepository: .noRepository
            case .wrongKey: .wrongKey
            case .integrity, .missing: .integrityFailure
            case .busy, .heldForDead: .busy
            case .cancelled: .cancelled
            case .alreadyExists, .notPermitted, .unsupported, .invalidRequest: .failure
            }
    }

    private init(_ code: StorageError.Code) {
        self =
            switch code {
            case .truncated, .tooLarge, .damaged: .integrityFailure
            case .notFound, .alreadyExists, .noSpace, .permissionDenied, .unavailable, .invalidName, .other: .failure
            }
    }

    private init(_ code: ManifestError.Code) {
        self =
            switch code {
            case .unsupported, .misuse: .failure
            case .malformed, .invalidPath, .outOfOrder, .nesting, .invalidEntry, .levelMismatch, .countMismatch,
                .digestMismatch, .tooLarge:
                .integrityFailure
            }
    }
}
