import Synchronization

/// Counters of a running backup, for progress lines; read from any thread.
package final class BackupProgress: Sendable {
    private let files = Atomic<UInt64>(0)
    private let bytes = Atomic<UInt64>(0)
    private let failures = Atomic<UInt64>(0)
    private let expectedFiles = Atomic<UInt64>(0)
    private let expectedBytes = Atomic<UInt64>(0)

    /// All zero.
    package init() {}

    /// Files dealt with.
    package var filesDone: UInt64 { files.load(ordering: .relaxed) }
    /// Bytes of content dealt with, read or found unchanged.
    package var bytesDone: UInt64 { bytes.load(ordering: .relaxed) }
    /// Items that could not be saved.
    package var failureCount: UInt64 { failures.load(ordering: .relaxed) }
    /// Files that the last snapshot of the dataset had; 0 if there is none.
    package var filesExpected: UInt64 { expectedFiles.load(ordering: .relaxed) }
    /// Bytes that the last snapshot of the dataset had; 0 if there is none.
    package var bytesExpected: UInt64 { expectedBytes.load(ordering: .relaxed) }

    func addFile(bytes count: UInt64) {
        files.wrappingAdd(1, ordering: .relaxed)
        bytes.wrappingAdd(count, ordering: .relaxed)
    }

    func addBytes(_ count: UInt64) { bytes.wrappingAdd(count, ordering: .relaxed) }

    func addFile() { files.wrappingAdd(1, ordering: .relaxed) }

    func addFailure() { failures.wrappingAdd(1, ordering: .relaxed) }

    func expect(files: UInt64, bytes: UInt64) {
        expectedFiles.store(files, ordering: .relaxed)
        expectedBytes.store(bytes, ordering: .relaxed)
    }
}
