import Chunking
import Cryptography
import FileSystem
import ObjectStorage
import Records
import RemoteStorage
import Repository
import Snapshots

@testable import Commands
@testable import ManifestSamples

/// A property that an input has broken.
struct Finding: Error {
    let message: String
}

/// Breaks off with a finding unless a property holds.
func require(_ condition: Bool, _ message: @autoclosure () -> String) throws {
    if !condition { throw Finding(message: message()) }
}

/// What an operation gives, or nil if it refuses the input in the proper way: with an error of the program's own kinds
/// that says something.
///
/// Throws a finding for any other error.
@discardableResult
func attempt<Value>(_ operation: () throws -> Value) throws -> Value? {
    do {
        return try operation()
    } catch let finding as Finding {
        throw finding
    } catch {
        try requireRefusal(error)
        return nil
    }
}

/// Whether an operation takes the input; the same for operations that give nothing.
func accepts(_ operation: () throws -> Void) throws -> Bool {
    try attempt {
        try operation()
        return true
    } ?? false
}

/// Breaks off with a finding unless an error is one that input from outside may cause.
func requireRefusal(_ error: any Error) throws {
    switch error {
    case is RecordError, is RepositoryError, is ManifestError, is ChunkingError, is CryptographyError, is StorageError,
        is SystemError, is UsageError, is ManifestPages.Missing, is LocationError, is SFTPFormatError:
        // Making the message is part of refusing.
        try require(!"\(error)".isEmpty, "an error without words")
    default:
        throw Finding(message: "an error of an unexpected kind: \(type(of: error)): \(error)")
    }
}
