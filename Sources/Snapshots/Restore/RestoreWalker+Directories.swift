import FileSystem
import Glibc

extension RestoreWalker {
    /// Makes the directories of all levels that are not made yet.
    func makeLevels() throws {
        guard let last = levels.last, last.restored == nil else { return }
        let first = levels.firstIndex { $0.restored == nil } ?? levels.count
        for index in first..<levels.count { try makeLevel(index) }
    }

    private func makeLevel(_ index: Int) throws {
        let entry = levels[index].entry
        let name = Array(entry.name)
        let path = context.relativePath(entry)
        try requireSafeName(name)
        let isThere = try !levels[index - 1].isAbsent && !levels[index - 1].isFresh && hasDirectory(name, entry, path)
        context.progress.addDirectory()
        if context.options.isDryRun, !isThere {
            levels[index].isAbsent = true
            levels[index].restored = RestoredDirectory(entry: nil, path: path)
            return context.observer.wantsItems ? context.observer.item(path, .created, bytes: 0) : ()
        }
        var isFresh = false
        if !isThere {
            do {
                try stack.current.makeDirectory(name)
                isFresh = true
                if context.observer.wantsItems { context.observer.item(path, .created, bytes: 0) }
            } catch {
                // Somebody else has made something there since; if it is no directory, opening it fails.
                if !error.isAlreadyExisting { throw error }
            }
        }
        let directory: Directory
        if context.options.isDryRun {
            directory = try stack.current.openDirectory(name)
        } else {
            directory = try stack.current.openDirectoryWidening(name)
        }
        var level = levels[index]
        let isKept = !setsMetadata(entry, isFresh: isFresh)
        if isKept { context.noteKept(path) }
        let restored = RestoredDirectory(entry: isKept ? nil : entry, path: path)
        level.restored = restored
        level.isFresh = isFresh
        level.staging = levels[index - 1].staging
        level.mount = levels[index - 1].mount
        if !isFresh {
            let mount = MountIdentity(try directory.status())
            if mount != level.mount, !context.options.isDryRun {
                level.staging = try makeStaging(restored, in: directory)
            }
            level.mount = mount
            level.surplus = try readSurplus(level, directory)
        }
        // From here on the level counts as made, and the stack has entered it.
        try stack.push(directory, named: name)
        levels[index] = level
    }

    /// Whether a directory gets the metadata of its entry: not if it was there, and is only a parent of a saved path or
    /// protected by the overwrite rule.
    private func setsMetadata(_ entry: Entry, isFresh: Bool) -> Bool {
        if context.options.isDryRun { return false }
        return isFresh || !(entry.flags.contains(.implied) || context.options.overwrite == .never)
    }

    /// Whether there is a directory of that name; anything else is removed if the overwrite rule says so.
    private func hasDirectory(_ name: [UInt8], _ entry: Entry, _ path: [UInt8]) throws -> Bool {
        guard let status = try stack.current.statusIfPresent(name) else { return false }
        if status.kind == .directory { return true }
        if context.keeps(status, insteadOf: entry) {
            throw SystemError(errno: ENOTDIR, operation: "restore a directory in the place of", path: path)
        }
        if !context.options.isDryRun { try stack.current.unlink(name) }
        return false
    }

    /// Removes a directory that stands where something else must be: an empty one, or with `deletesExtra` any.
    func removeInTheWay(_ name: [UInt8], path: [UInt8]) throws {
        if context.options.isDryRun {
            let isEmpty = (try? stack.current.openDirectory(name).names().isEmpty) ?? false
            if !isEmpty, !context.options.deletesExtra {
                throw SystemError(errno: ENOTEMPTY, operation: "replace directory", path: path)
            }
            return
        }
        do {
            try stack.current.removeDirectory(name)
        } catch {
            guard context.options.deletesExtra, error.errno == ENOTEMPTY || error.errno == EEXIST else {
                throw SystemError(errno: error.errno, operation: "replace directory", path: path)
            }
            let count = try TreeRemoval.remove(name, from: stack.current, check: context.check)
            context.progress.addDeleted(count)
        }
    }

    /// Throws unless the bytes can be the name of a file: storage has no say in where things are written.
    func requireSafeName(_ name: [UInt8]) throws {
        guard isFileName(name.span), name.count <= PathOrder.longestComponent else {
            throw SystemError(errno: EINVAL, operation: "restore under the name", path: name)
        }
    }
}
