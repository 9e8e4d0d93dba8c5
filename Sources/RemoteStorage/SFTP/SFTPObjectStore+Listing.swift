package import ObjectStorage

extension SFTPObjectStore {
    /// How many folders are listed at a time.
    private static let foldersAtOnce = 32
    /// More names than any folder of a repository has; a server that sends more is not believed.
    private static let greatestFolder = 4_000_000

    private struct Entry {
        let name: String
        let attributes: SFTPAttributes
    }

    /// Lists every object below a folder, each folder in the order of its names.
    package func list(prefix: String, _ body: (ObjectName, _ byteCount: UInt64) throws -> Void) throws {
        let path = try folder(of: prefix)
        let connection = try connection()
        guard let entries = try entries(of: [path], connection)[0] else { return }
        try list(entries, prefix: prefix, connection, body)
    }

    private func list(
        _ entries: [Entry],
        prefix: String,
        _ connection: SFTPConnection,
        _ body: (ObjectName, _ byteCount: UInt64) throws -> Void
    ) throws {
        var ahead: [Int: [Entry]] = [:]
        var listed = 0
        for (index, entry) in entries.enumerated() {
            // What is not a name of an object (the store's own temporaries) is not the store's.
            guard let name = ObjectName(validating: prefix + entry.name) else { continue }
            guard entry.attributes.isDirectory == true else {
                try body(name, byteCount(entry.attributes, of: name))
                continue
            }
            if index >= listed {
                // The next folders travel together, so that a round trip is paid once for all of them.
                var batch: [Int] = []
                listed = index
                while listed < entries.count, batch.count < Self.foldersAtOnce {
                    if entries[listed].attributes.isDirectory == true { batch.append(listed) }
                    listed += 1
                }
                let found = try self.entries(of: batch.map { prefix + entries[$0].name }, connection)
                for (index, entries) in zip(batch, found) { ahead[index] = entries }
            }
            // Nothing is here for one that has been removed since.
            if let inner = ahead.removeValue(forKey: index) {
                try list(inner, prefix: name.path + "/", connection, body)
            }
        }
    }

    /// The names in folders, sorted; nothing for a folder that does not exist.
    private func entries(of folders: [String], _ connection: SFTPConnection) throws -> [[Entry]?] {
        let channel = connection.channel
        var results: [[Entry]?] = []
        var handles: [(index: Int, handle: [UInt8])] = []
        for (index, call) in try folders.map({ try channel.send(.openDirectory(path: connection.path($0))) })
            .enumerated()
        {
            switch try call.wait() {
            case .handle(let handle):
                handles.append((index, handle))
                results.append([])
            case .status(let status) where status.code == SFTPStatus.noSuchFile:
                results.append(nil)
            case let reply:
                // rclone and others say "failure" where there is nothing.
                guard try connection.status(folders[index]) == nil else {
                    throw connection.failure(reply, "list", folders[index])
                }
                results.append(nil)
            }
        }
        defer { for (_, handle) in handles { _ = try? channel.send(.close(handle: handle)) } }
        var open = handles
        var requestsEach = 2
        while !open.isEmpty {
            let calls = try open.map { _, handle in
                try (0..<requestsEach).map { _ in try channel.send(.readDirectory(handle: handle)) }
            }
            var still: [(index: Int, handle: [UInt8])] = []
            for ((index, handle), calls) in zip(open, calls) {
                var hasEnded = false
                for call in calls {
                    switch try call.wait() {
                    case .names(let names):
                        // A list of nothing would go on for ever.
                        if names.isEmpty { hasEnded = true }
                        results[index]?.append(
                            contentsOf: names.map {
                                Entry(name: String(decoding: $0.name, as: UTF8.self), attributes: $0.attributes)
                            }
                        )
                    case .status(let status) where status.code == SFTPStatus.endOfFile:
                        hasEnded = true
                    case let reply:
                        throw connection.failure(reply, "list", folders[index])
                    }
                }
                if (results[index]?.count ?? 0) > Self.greatestFolder {
                    throw StorageError(
                        .tooLarge,
                        "the folder \"\(folders[index])\" holds more names than a repository has"
                    )
                }
                if !hasEnded { still.append((index, handle)) }
            }
            open = still
            requestsEach = 8
        }
        for index in results.indices { results[index]?.sort { $0.name < $1.name } }
        return results
    }
}
