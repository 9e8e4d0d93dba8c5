import Repository

/// What becomes of one path of a snapshot.
package enum RestoreDecision: Hashable, Sendable {
    /// It is taken; what is below it is asked for in turn.
    case take
    /// It is not taken itself, but something below it may be: the directory is made if something is.
    case pass
    /// Neither it nor anything below it is taken.
    case skip
}

/// Which entries of a snapshot are taken.
///
/// Paths are those of the snapshot: components joined by `/`, without a leading one.
package struct RestoreSelection: Sendable {
    private enum Rule: Sendable {
        case everything
        case paths(LiteralPaths)
        case deciding(@Sendable (_ path: [UInt8], _ isDirectory: Bool) -> RestoreDecision)
    }

    private let rule: Rule

    /// All entries.
    package static let everything = RestoreSelection(rule: .everything)

    /// Exactly these paths and what is below them; nothing in them is a pattern.
    ///
    /// A leading or trailing `/` and components `.` do not count. A path that the snapshot does not hold is a failure.
    /// - Throws: `RepositoryError.invalidRequest` for a path with the component `..`, or of no component at all.
    package static func paths(_ paths: [[UInt8]]) throws -> RestoreSelection {
        RestoreSelection(rule: .paths(try LiteralPaths(paths)))
    }

    /// What a closure says of each path: for patterns.
    package static func deciding(
        _ decide: @escaping @Sendable (_ path: [UInt8], _ isDirectory: Bool) -> RestoreDecision
    ) -> RestoreSelection {
        RestoreSelection(rule: .deciding(decide))
    }

    /// What becomes of a path.
    package func decide(_ path: [UInt8], isDirectory: Bool) -> RestoreDecision {
        switch rule {
        case .everything: .take
        case .paths(let paths): paths.decide(path)
        case .deciding(let decide): decide(path, isDirectory)
        }
    }

    /// The paths that were asked for literally, in manifest order.
    var literalPaths: [[UInt8]] {
        if case .paths(let paths) = rule { paths.sorted } else { [] }
    }
}

/// Literal paths, in manifest order.
private struct LiteralPaths: Sendable {
    let sorted: [[UInt8]]
    private let members: Set<[UInt8]>

    init(_ paths: [[UInt8]]) throws {
        let slash = UInt8(ascii: "/")
        let cleaned = try paths.map { path in
            let components = path.split(separator: slash).filter { !$0.elementsEqual(".".utf8) }
            guard !components.isEmpty, !components.contains(where: { $0.elementsEqual("..".utf8) }) else {
                throw RepositoryError(
                    .invalidRequest,
                    "\(printable(path)) names nothing in a snapshot: give a path without “..”"
                )
            }
            return Array(components.joined(separator: [slash]))
        }
        members = Set(cleaned)
        sorted = members.sorted { PathOrder.compare($0, $1) < 0 }
    }

    func decide(_ path: [UInt8]) -> RestoreDecision {
        if members.contains(path) { return .take }
        var end = PathOrder.parentLength(path)
        while end > 0 {
            if members.contains(Array(path[..<end])) { return .take }
            end = path[..<end].lastIndex(of: PathOrder.separator) ?? 0
        }
        // The first member that is not before the path is below it, if any is.
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if PathOrder.compare(sorted[middle], path) < 0 { low = middle + 1 } else { high = middle }
        }
        return low < sorted.count && PathOrder.isPath(sorted[low], atOrBelow: path) ? .pass : .skip
    }
}
