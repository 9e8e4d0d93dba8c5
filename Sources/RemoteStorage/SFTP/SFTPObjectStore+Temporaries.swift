internal import FileSystem
internal import ObjectStorage

extension SFTPObjectStore {
    /// Removes what processes that ended too early have left in `tmp/`.
    ///
    /// A file goes when the process that made it is known to have ended, or when it has not changed for a day by the
    /// server's clock and that process is not known to be running.
    /// - Returns: how many files were removed.
    @discardableResult
    package func removeStaleTemporaries() throws -> Int { try removeStaleTemporaries(now: Timestamp.now().seconds) }

    /// As above, with the present time in seconds since 1970.
    @discardableResult
    package func removeStaleTemporaries(now: Int64) throws -> Int {
        let connection = try connection()
        let folder = Self.temporaryFolder
        guard case .handle(let handle) = try connection.channel.call(.openDirectory(path: connection.path(folder)))
        else {
            return 0
        }
        defer { _ = try? connection.channel.send(.close(handle: handle)) }
        var stale: [String] = []
        while case .names(let names) = try connection.channel.call(.readDirectory(handle: handle)), !names.isEmpty {
            for entry in names where entry.attributes.isFile != false {
                let name = String(decoding: entry.name, as: UTF8.self)
                guard let modified = entry.attributes.modified, isFileName(entry.name.span) else { continue }
                if isStale(name, age: now - Int64(modified)) { stale.append(name) }
            }
            guard stale.count < 100_000 else { break }
        }
        var removed = 0
        for name in stale {
            let reply = try connection.channel.call(.remove(path: connection.path("\(folder)/\(name)")))
            if case .status(let status) = reply, status.code == SFTPStatus.success { removed += 1 }
        }
        return removed
    }

    private func isStale(_ name: String, age seconds: Int64) -> Bool {
        let owner = name.lastIndex(of: "-").flatMap { ProcessIdentity(name[..<$0]) }
        return switch owner?.state ?? .unknown {
        case .running: false
        case .ended: true
        case .unknown: seconds > 24 * 60 * 60
        }
    }
}
