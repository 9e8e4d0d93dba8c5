package import FileSystem
internal import Glibc

extension LocalObjectStore {
    /// Removes what processes that ended too early have left in `tmp/`.
    ///
    /// A file goes when the process that made it is known to have ended, or when it has not changed for a day and that
    /// process is not known to be running (it may have run on another machine).
    /// - Returns: how many files were removed.
    @discardableResult
    package func removeStaleTemporaries() throws -> Int { try removeStaleTemporaries(now: .now()) }

    /// As above, with the present time; given in tests.
    @discardableResult
    package func removeStaleTemporaries(now: Timestamp) throws -> Int {
        try systemErrorsTranslated(nil) { () throws(SystemError) in
            let folder: Directory
            do throws(SystemError) {
                folder = try root.openDirectory(Self.temporaryFolder)
            } catch {
                if error.errno == ENOENT { return 0 }
                throw error
            }
            let names = try folder.names()
            var removed = 0
            for index in 0..<names.count {
                let name = names[index]
                guard let status = try folder.statusIfPresent(name), status.kind != .directory else { continue }
                guard isStale(owner(of: name), age: now.seconds - status.modified.seconds) else { continue }
                do throws(SystemError) {
                    try folder.unlink(name)
                    removed += 1
                } catch {
                    if error.errno != ENOENT { throw error }
                }
            }
            return removed
        }
    }

    private func isStale(_ owner: ProcessIdentity?, age seconds: Int64) -> Bool {
        switch owner?.state ?? .unknown {
        case .running: false
        case .ended: true
        case .unknown: seconds > 24 * 60 * 60
        }
    }

    /// The process in a temporary's name, before its random part.
    private func owner(of name: [UInt8]) -> ProcessIdentity? {
        guard let dash = name.lastIndex(of: UInt8(ascii: "-")) else { return nil }
        return ProcessIdentity(String(decoding: name[..<dash], as: UTF8.self))
    }
}
