internal import ObjectStorage

/// One check at work.
struct ConformanceCheck {
    let store: any ObjectStore
    var random: SeededGenerator
    var violations: [String] = []

    /// Notes a violation unless the condition holds.
    mutating func require(_ condition: Bool, _ rule: String) {
        if !condition { violations.append(rule) }
    }

    /// Notes a violation unless the body throws a storage error of that kind.
    mutating func require(_ code: StorageError.Code, _ rule: String, _ body: () throws -> Void) {
        do {
            try body()
            violations.append("\(rule): nothing was thrown instead of \(code)")
        } catch let error as StorageError {
            if error.code != code { violations.append("\(rule): threw \(error.code) instead of \(code): \(error)") }
        } catch {
            violations.append("\(rule): threw \(error), which is no StorageError")
        }
    }

    /// What is listed below a prefix.
    func listed(_ prefix: String = "") throws -> [String] {
        var names: [String] = []
        try store.list(prefix: prefix) { name, _ in names.append(name.path) }
        return names
    }
}
