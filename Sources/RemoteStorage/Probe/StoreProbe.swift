internal import Cryptography
package import ObjectStorage
internal import Threads

/// Tries on a user's own storage whether it keeps what stores promise, and how fast it is.
///
/// Everything happens below a folder with a random name, which is empty again in the end.
package final class StoreProbe {
    /// A promise, and whether it was kept.
    package struct Check: Sendable, Equatable {
        /// The promise.
        package var name: String
        /// How it was broken; nil if it was kept.
        package var problem: String?
    }

    /// How fast the storage is.
    package struct Speed: Sendable, Equatable {
        /// Bytes per second of large objects that are stored.
        package var upload: Double
        /// Bytes per second of large objects that are read.
        package var download: Double
        /// Median time of storing a small object, seconds.
        package var smallWrite: Double
        /// Median time of reading a small object, seconds.
        package var smallRead: Double
    }

    private let store: any ObjectStore
    private let folder: String
    private let now: () -> Double
    private var names: [ObjectName] = []

    /// Takes a store and a clock that never jumps, in seconds.
    package init(_ store: any ObjectStore, now: @escaping () -> Double = { SystemResilienceClock().now }) throws {
        self.store = store
        self.now = now
        let random = try Random.bytes(8)
        folder = unsafe "target-test-" + Hex.encode(random.span.bytes)
    }

    /// Tries every promise, each reported as soon as it is decided.
    ///
    /// - Throws: what `report` throws; a failure of the store is a broken promise.
    package func check(_ report: (Check) throws -> Void) throws {
        let promises: [(String, () throws -> String?)] = [
            ("what is written is read again", readsBack), ("ranges are exact", ranges),
            ("what is not there is said not to be there", absence), ("nothing is ever replaced", createOnly),
            ("of many who create one name one succeeds", race), ("listings are complete and in order", listing),
            ("what is given up leaves nothing", abandoning), ("what is removed is gone", removal),
        ]
        for (name, promise) in promises {
            var problem: String?
            do {
                problem = try promise()
            } catch {
                problem = "\(error)"
            }
            try report(Check(name: name, problem: problem))
        }
    }

    /// Measures with objects of 8 MiB and of 1 KiB.
    ///
    /// - Parameter byteCount: how much is stored and read again in large objects, bytes.
    package func measure(byteCount: Int) throws -> Speed {
        let length = 8 << 20
        let count = max(1, byteCount / length)
        let large = try (0..<count).map { try name("large/\($0)") }
        let bytes = try Random.bytes(length)
        let upload = try seconds { for name in large { try store.put(name, bytes) } }
        var buffer = [UInt8](repeating: 0, count: length)
        let download = try seconds {
            for name in large { try store.read(name, offset: 0, count: length, into: &buffer, at: 0) }
        }
        let small = try (0..<9).map { try name("small/\($0)") }
        let content = try Random.bytes(1024)
        let writes = try small.map { name in try seconds { try store.put(name, content) } }
        let reads = try small.map { name in try seconds { _ = try store.readAll(name, atMost: 1024) } }
        let total = Double(count * length)
        return Speed(
            upload: total / max(upload, 1e-9),
            download: total / max(download, 1e-9),
            smallWrite: writes.sorted()[4],
            smallRead: reads.sorted()[4]
        )
    }

    /// Removes all that the probe has made.
    /// - Returns: names of what could not be removed.
    package func cleanUp() -> [ObjectName] {
        names.filter { name in
            do {
                try store.remove(name)
                return false
            } catch {
                return (error as? StorageError)?.code != .notFound
            }
        }
    }

    private func name(_ rest: String) throws -> ObjectName {
        let name = try ObjectName("\(folder)/\(rest)")
        names.append(name)
        return name
    }

    private func seconds(_ body: () throws -> Void) throws -> Double {
        let start = now()
        try body()
        return now() - start
    }
}

extension StoreProbe {
    private func readsBack() throws -> String? {
        for length in [0, 1, 4095, 100_000] {
            let (name, bytes) = (try name("sizes/\(length)"), try Random.bytes(length))
            try store.put(name, bytes)
            guard try store.readAll(name, atMost: length) == bytes else { return "\(length) bytes come back different" }
            guard try store.byteCount(of: name) == UInt64(length), try store.exists(name) else {
                return "the length of \(length) bytes is told wrongly"
            }
        }
        return nil
    }

    private func ranges() throws -> String? {
        let (name, bytes) = (try name("ranges"), try Random.bytes(10_000))
        try store.put(name, bytes)
        for (low, high) in [(0, 1), (1, 10_000), (4095, 4097), (9_999, 10_000)] {
            guard try store.read(name, range: UInt64(low)..<UInt64(high)) == Array(bytes[low..<high]) else {
                return "bytes \(low) to \(high) come back different"
            }
        }
        return refusal(.truncated, "reading beyond the end") { _ = try store.read(name, range: 9_000..<10_001) }
    }

    private func absence() throws -> String? {
        let missing = try name("missing")
        if try store.exists(missing) { return "something that was never stored is there" }
        return refusal(.notFound, "reading what is missing") { _ = try store.readAll(missing, atMost: 1) }
            ?? refusal(.notFound, "removing what is missing") { try store.remove(missing) }
    }

    private func createOnly() throws -> String? {
        let name = try name("once")
        try store.put(name, [1, 2, 3])
        if let problem = refusal(.alreadyExists, "storing over an object", { try store.put(name, [4]) }) {
            return problem
        }
        return try store.readAll(name, atMost: 3) == [1, 2, 3] ? nil : "the object has changed"
    }

    private func race() throws -> String? {
        for round in 0..<4 {
            let (store, name) = (store, try name("race/\(round)"))
            let winners = Monitor<[UInt8]>([])
            let others = Monitor<[String]>([])
            let threads = (0..<8).map { index in
                WorkerThread(name: "target-test") {
                    do {
                        try store.put(name, [UInt8](repeating: UInt8(index), count: 1000))
                        winners.change { $0.append(UInt8(index)) }
                    } catch {
                        if (error as? StorageError)?.code != .alreadyExists { others.change { $0.append("\(error)") } }
                    }
                }
            }
            for thread in threads { thread.join() }
            let (won, lost) = (winners.withLock { $0 }, others.withLock { $0 })
            if let problem = lost.first { return problem }
            guard won.count == 1 else { return "\(won.count) of 8 have succeeded" }
            guard try store.readAll(name, atMost: 1000) == [UInt8](repeating: won[0], count: 1000) else {
                return "the bytes are not those of the one that has succeeded"
            }
        }
        return nil
    }

    private func listing() throws -> String? {
        let rest = ["list/a/1", "list/a/b/2", "list/a-b", "list/a.b", "list/z"]
        for name in try rest.reversed().map({ try name($0) }) { try store.put(name, [1]) }
        var found: [String] = []
        try store.list(prefix: "\(folder)/list/") { name, _ in found.append(name.path) }
        return found == rest.map { "\(folder)/\($0)" } ? nil : "listed were \(found.joined(separator: ", "))"
    }

    private func abandoning() throws -> String? {
        let name = try name("streamed")
        let writer = try store.makeWriter()
        try writer.append([1, 2])
        writer.abandon()
        let second = try store.makeWriter()
        let bytes = try Random.bytes(300_000)
        for start in stride(from: 0, to: bytes.count, by: 70_000) {
            try second.append(Array(bytes[start..<min(start + 70_000, bytes.count)]))
        }
        if try store.exists(name) { return "an object is there before it is complete" }
        try second.commit(as: name)
        return try store.readAll(name, atMost: bytes.count) == bytes ? nil : "what was streamed comes back different"
    }

    private func removal() throws -> String? {
        let name = try name("removed/object")
        try store.put(name, [1])
        try store.remove(name)
        if try store.exists(name) { return "a removed object is there" }
        var count = 0
        try store.list(prefix: "\(folder)/removed/") { _, _ in count += 1 }
        return count == 0 ? nil : "a removed object is listed"
    }

    private func refusal(_ code: StorageError.Code, _ operation: String, _ body: () throws -> Void) -> String? {
        do {
            try body()
            return "\(operation) is no error"
        } catch {
            return (error as? StorageError)?.code == code ? nil : "\(operation): \(error)"
        }
    }
}
