package import ObjectStorage

/// The list of checks that every kind of store has to pass.
///
/// Usage: `#expect(try ObjectStoreConformance.violations { try MyStore(…) } == [])`.
package enum ObjectStoreConformance {
    /// Runs all checks, each on a new empty store.
    /// - Parameters:
    ///   - seed: where the content of the objects comes from.
    ///   - makeStore: makes a store that holds nothing and shares nothing with those made before.
    /// - Returns: one sentence per rule that the store breaks; empty when it conforms.
    package static func violations(
        seed: UInt64 = 1,
        _ makeStore: () throws -> any ObjectStore
    ) throws -> [String] {
        let checks: [(String, (inout ConformanceCheck) throws -> Void)] = [
            ("empty store", checkEmptyStore),
            ("sizes", checkSizes),
            ("ranges", checkRanges),
            ("create-only", checkCreateOnly),
            ("writer", checkWriter),
            ("listing", checkListing),
            ("odd names", checkOddNames),
            ("removal", checkRemoval),
            ("same name at once", checkRace),
            ("many threads", checkThreads),
        ]
        var violations: [String] = []
        for (name, check) in checks {
            var context = ConformanceCheck(store: try makeStore(), random: SeededGenerator(seed: seed))
            do {
                try check(&context)
            } catch {
                context.violations.append("threw \(error)")
            }
            violations += context.violations.map { "\(name): \($0)" }
        }
        return violations
    }
}

extension ObjectStoreConformance {
    private static func checkEmptyStore(_ check: inout ConformanceCheck) throws {
        let store = check.store
        let name = try ObjectName("packs/ab/missing")
        check.require(!store.location.isEmpty, "has no location")
        check.require(try check.listed().isEmpty, "an empty store lists something")
        check.require(try check.listed("packs/").isEmpty, "a missing folder lists something")
        check.require(try !store.exists(name), "an object that was never put exists")
        check.require(.notFound, "reading a missing object") { _ = try store.read(name, range: 0..<1) }
        check.require(.notFound, "reading a missing object whole") { _ = try store.readAll(name, atMost: 10) }
        check.require(.notFound, "length of a missing object") { _ = try store.byteCount(of: name) }
        check.require(.notFound, "removing a missing object") { try store.remove(name) }
    }

    private static func checkSizes(_ check: inout ConformanceCheck) throws {
        for size in [0, 1, 4095, 4096, 5 << 20] {
            let name = try ObjectName("sizes/\(size)")
            let bytes = check.random.bytes(size)
            try check.store.put(name, bytes)
            check.require(try check.store.readAll(name, atMost: size) == bytes, "\(size) bytes come back different")
            check.require(try check.store.byteCount(of: name) == UInt64(size), "\(size) bytes have another length")
            check.require(try check.store.exists(name), "\(size) bytes do not exist after put")
            if size > 0 {
                let store = check.store
                check.require(.tooLarge, "\(size) bytes with a limit below") {
                    _ = try store.readAll(name, atMost: size - 1)
                }
            }
        }
    }

    private static func checkRanges(_ check: inout ConformanceCheck) throws {
        let store = check.store
        let name = try ObjectName("object")
        let size = 10_000
        let bytes = check.random.bytes(size)
        try store.put(name, bytes)
        for (low, high) in [(0, 0), (0, 1), (0, size), (1, size), (4095, 4097), (size - 1, size), (size, size)] {
            let range = UInt64(low)..<UInt64(high)
            check.require(try store.read(name, range: range) == Array(bytes[low..<high]), "range \(range) is wrong")
            var buffer = [UInt8](repeating: 0xAA, count: high - low + 7)
            try store.read(name, offset: UInt64(low), count: high - low, into: &buffer, at: 3)
            let expected = [0xAA, 0xAA, 0xAA] + bytes[low..<high] + [0xAA, 0xAA, 0xAA, 0xAA]
            check.require(buffer == expected, "range \(range) is wrong in the buffer")
        }
        let end = UInt64(size)
        for range in [0..<end + 1, end..<end + 1, end + 1..<end + 2, UInt64.max - 1..<UInt64.max, 0..<UInt64.max] {
            check.require(.truncated, "range \(range) of \(end)") { _ = try store.read(name, range: range) }
        }
        for offset in [end - 9, end, UInt64.max] {
            check.require(.truncated, "10 bytes at \(offset) of \(end)") {
                var buffer = [UInt8](repeating: 0, count: 10)
                try store.read(name, offset: offset, count: 10, into: &buffer, at: 0)
            }
        }
    }

    private static func checkCreateOnly(_ check: inout ConformanceCheck) throws {
        let store = check.store
        let name = try ObjectName("commits/writer/0001")
        try store.put(name, [1, 2, 3])
        check.require(.alreadyExists, "put over an object") { try store.put(name, [4]) }
        check.require(.alreadyExists, "put of equal bytes over an object") { try store.put(name, [1, 2, 3]) }
        check.require(.alreadyExists, "commit over an object") {
            let writer = try store.makeWriter()
            try writer.append([5, 6])
            try writer.commit(as: name)
        }
        check.require(try store.readAll(name, atMost: 10) == [1, 2, 3], "the object has changed")
        check.require(try check.listed() == [name.path], "the refused ones are listed")
    }

    private static func checkWriter(_ check: inout ConformanceCheck) throws {
        let store = check.store
        let name = try ObjectName("packs/00/written")
        let parts = [0, 1, 70_000, 3, 1 << 20].map { check.random.bytes($0) }
        let writer = try store.makeWriter()
        for part in parts { try writer.append(part) }
        let total = UInt64(parts.joined().count)
        check.require(writer.byteCount == total, "the writer counts \(writer.byteCount) bytes of \(total)")
        check.require(try check.listed().isEmpty, "something is listed before the commit")
        check.require(try !store.exists(name), "the object exists before the commit")
        try writer.commit(as: name)
        check.require(try check.listed() == [name.path], "the object is not listed after the commit")
        check.require(try store.readAll(name, atMost: 2 << 20) == Array(parts.joined()), "the bytes are different")
        writer.abandon()
        check.require(try store.exists(name), "abandoning after the commit removes the object")
        check.require(.other, "a second commit") { try writer.commit(as: try ObjectName("packs/00/again")) }
        check.require(.other, "appending after the commit") { try writer.append([1]) }

        let empty = try store.makeWriter()
        try empty.commit(as: try ObjectName("empty"))
        check.require(try store.byteCount(of: ObjectName("empty")) == 0, "an empty object has a length")

        let abandoned = try store.makeWriter()
        try abandoned.append([1, 2, 3])
        abandoned.abandon()
        abandoned.abandon()
        check.require(.other, "commit after abandoning") { try abandoned.commit(as: try ObjectName("abandoned")) }
        do {
            let dropped = try store.makeWriter()
            try dropped.append([1])
        }
        check.require(try check.listed() == ["empty", name.path], "an abandoned writer leaves something behind")
    }

    private static func checkListing(_ check: inout ConformanceCheck) throws {
        let store = check.store
        // The order within a folder: "a-b" comes before "a.b" before "a/…" as names of one folder, for `a` is shorter.
        let names = ["a/1", "a/b/2", "a-b", "a.b", "ab/c", "b", "commits/w/1/0001", "commits/w/1/0002", "z/z/z/z"]
        for (index, name) in names.shuffled(using: &check.random).enumerated() {
            try store.put(try ObjectName(name), [UInt8](repeating: 0, count: index))
            check.require(try check.listed().contains(name), "\(name) is not listed right after it was put")
        }
        check.require(try check.listed() == names, "the order is \(try check.listed())")
        check.require(try check.listed("a/") == ["a/1", "a/b/2"], "a/ lists \(try check.listed("a/"))")
        check.require(try check.listed("a/b/") == ["a/b/2"], "a/b/ lists \(try check.listed("a/b/"))")
        check.require(try check.listed("commits/w/").count == 2, "commits/w/ does not list two")
        check.require(try check.listed("commits/x/").isEmpty, "commits/x/ lists something")
        try store.list(prefix: "") { name, count in
            check.require(try store.byteCount(of: name) == count, "\(name) is listed with another length")
        }
        for prefix in ["a", "a/b", "/", "../", "a//", "A/", "a/../"] {
            check.require(.invalidName, "listing \(prefix)") { try store.list(prefix: prefix) { _, _ in } }
        }
        struct Stop: Error {}
        var calls = 0
        do {
            try store.list(prefix: "") { _, _ in
                calls += 1
                throw Stop()
            }
            check.require(false, "an error of the closure is lost")
        } catch is Stop {
            check.require(calls == 1, "listing goes on after an error")
        }
    }

    private static func checkOddNames(_ check: inout ConformanceCheck) throws {
        // One component of the greatest length that file systems have, and the longest name there is.
        let longest = String(repeating: "0123456789abcde/", count: 31) + String(repeating: "x", count: 16)
        let names = [
            "a", "-", "_", "...", ".hidden", "-rf", "a.b-c_d", String(repeating: "f", count: 255), longest,
        ]
        for name in names {
            let bytes = check.random.bytes(9)
            try check.store.put(try ObjectName(name), bytes)
            check.require(try check.store.readAll(ObjectName(name), atMost: 9) == bytes, "\(name) comes back different")
        }
        check.require(try Set(check.listed()) == Set(names), "not all of the odd names are listed")
    }

    private static func checkRemoval(_ check: inout ConformanceCheck) throws {
        let store = check.store
        let (gone, kept) = (try ObjectName("packs/aa/gone"), try ObjectName("packs/aa/kept"))
        try store.put(gone, [1])
        try store.put(kept, [2])
        // Read before, so that a store that keeps files open is caught.
        _ = try store.readAll(gone, atMost: 1)
        try store.remove(gone)
        check.require(try !store.exists(gone), "a removed object exists")
        check.require(try check.listed() == [kept.path], "a removed object is listed")
        check.require(.notFound, "reading a removed object") { _ = try store.readAll(gone, atMost: 1) }
        check.require(.notFound, "removing twice") { try store.remove(gone) }
        try store.put(gone, [3])
        check.require(try store.readAll(gone, atMost: 1) == [3], "a name cannot be used again after removal")
    }
}
