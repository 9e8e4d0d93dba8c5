import FileSystem
import Repository

/// The names of a directory, in the order of the manifest: those that the walk passes by are not in the snapshot.
struct SurplusNames {
    private let names: NameList
    private var position = 0

    init(_ names: NameList) { self.names = names }

    /// The next name before the given one, or the next of all; nil when there is none.
    ///
    /// The name itself is passed over.
    mutating func next(before name: [UInt8]?) -> (name: [UInt8], kind: FileKind?)? {
        guard position < names.count else { return nil }
        let next = names[position]
        if let name, !next.lexicographicallyPrecedes(name) {
            if next == name { position += 1 }
            return nil
        }
        defer { position += 1 }
        return (next, names.kind(at: position))
    }
}

extension RestoreWalker {
    /// The names of a level's directory, if those that the snapshot does not have are to be removed.
    func readSurplus(_ level: Level, _ directory: Directory) throws -> SurplusNames? {
        guard context.options.deletesExtra, level.isTaken, !level.entry.flags.contains(.implied) else { return nil }
        return SurplusNames(try directory.names())
    }

    /// Removes the names of the current directory that stand before the next entry's and are not in the snapshot.
    ///
    /// What is not selected stays, what may be among lost entries stays, and so do staging areas, which have their own rule, and other mounts.
    func removeSurplus(before name: [UInt8]?) throws {
        let last = levels.count - 1
        while let (surplus, kind) = levels[last].surplus?.next(before: name) {
            try context.check()
            if StagingArea.isStagingName(surplus) { continue }
            let isDirectory = try kind.map { $0 == .directory } ?? (stack.current.status(surplus).kind == .directory)
            let directory = levels[last].entry.path
            let path = directory.isEmpty ? surplus : directory + [PathOrder.separator] + surplus
            // What may be in the snapshot stays.
            guard context.options.selection.decide(path, isDirectory: isDirectory) == .take,
                !cursor.mayHaveLost(path)
            else { continue }
            let relative = stack.path.isEmpty ? surplus : stack.path + [PathOrder.separator] + surplus
            do {
                var count: UInt64 = 1
                if !context.options.isDryRun {
                    count = try TreeRemoval.remove(surplus, from: stack.current, check: context.check)
                }
                context.progress.addDeleted(count)
                context.observer.deleted(relative)
            } catch let error as SystemError {
                context.fail(relative, error)
            }
        }
    }
}
