internal import Dispatch
internal import ObjectStorage
internal import Synchronization

extension ObjectStoreConformance {
    static func checkRace(_ check: inout ConformanceCheck) throws {
        let store = check.store
        for round in 0..<8 {
            let name = try ObjectName("race/\(round)")
            let outcome = Mutex<(winners: [UInt8], others: [String])>(([], []))
            DispatchQueue.concurrentPerform(iterations: 8) { index in
                do {
                    try store.put(name, [UInt8](repeating: UInt8(index), count: 1000))
                    outcome.withLock { $0.winners.append(UInt8(index)) }
                } catch {
                    let code = (error as? StorageError)?.code
                    if code != .alreadyExists { outcome.withLock { $0.others.append("\(error)") } }
                }
            }
            let (winners, others) = outcome.withLock { $0 }
            check.require(winners.count == 1, "\(winners.count) of 8 puts of one name succeed")
            check.require(others.isEmpty, "losing a race throws \(others)")
            let content = try store.readAll(name, atMost: 1000)
            check.require(
                content == winners.flatMap { [UInt8](repeating: $0, count: 1000) },
                "the loser's bytes remain"
            )
        }
    }

    static func checkThreads(_ check: inout ConformanceCheck) throws {
        let store = check.store
        let problems = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            do {
                var random = SeededGenerator(seed: UInt64(thread))
                var written: [(ObjectName, [UInt8])] = []
                for index in 0..<40 {
                    let name = try ObjectName("packs/\(index % 4)/\(thread)-\(index)")
                    let bytes = random.bytes(Int(random.next() % 5000))
                    try store.put(name, bytes)
                    written.append((name, bytes))
                    let (other, expected) = written[Int(random.next() % UInt64(written.count))]
                    if try store.readAll(other, atMost: 5000) != expected {
                        problems.withLock { $0.append("\(other) comes back different") }
                    }
                }
                for (name, _) in written.prefix(10) { try store.remove(name) }
            } catch {
                problems.withLock { $0.append("threw \(error)") }
            }
        }
        check.violations += problems.withLock { $0 }
        check.require(try check.listed().count == 8 * 30, "after all threads \(try check.listed().count) are listed")
    }
}
