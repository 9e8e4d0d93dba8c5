import FileSystem
import Glibc

// Hard links. The first member of a group that is restored keeps a second name in the staging area until the end; the
// others become links to it. Nothing is kept in memory, and a group is told from another by the file system alone. When
// two threads restore the content of one group at the same time, the second to finish takes the first one's file.
extension RestoreWorker {
    /// Makes the item a link to a member of its group that has been restored; false when there is none yet.
    func linkToRestored(_ item: RestoreItem, in directory: Directory) throws -> Bool {
        guard let key = item.inode, let links = item.staging?.links else { return false }
        let name = nextName()
        do {
            try links.link(StagingArea.linkName(key), to: directory, as: name)
        } catch {
            // With too many links already, the member becomes a file of its own.
            if error.errno == ENOENT || error.errno == EMLINK { return false }
            throw error
        }
        if let existing = item.existing, existing.identity == (try? directory.status(name))?.identity {
            try directory.unlink(name)
            conclude(item, .unchanged)
        } else {
            place(item, name, in: directory, byteCount: 0)
        }
        return true
    }

    /// Lets later members become links to a file that is complete.
    func rememberRestored(_ item: RestoreItem, _ name: [UInt8], in directory: Directory) throws {
        guard let key = item.inode, let links = item.staging?.links else { return }
        let linkName = StagingArea.linkName(key)
        do {
            try directory.link(name, to: links, as: linkName)
        } catch {
            if error.errno == EMLINK || error.isUnsupported { return }
            guard error.isAlreadyExisting else { throw error }
            try directory.unlink(name)
            try links.link(linkName, to: directory, as: name)
        }
    }

    /// Lets later members become links to a file that was there and is right.
    func rememberKept(_ item: RestoreItem) {
        guard let key = item.inode, let links = item.staging?.links, let existing = item.existing else { return }
        let linkName = StagingArea.linkName(key)
        // If this cannot be done, the next member is restored by itself.
        guard (try? item.directory.link(item.name, to: links, as: linkName)) != nil else { return }
        if (try? links.status(linkName))?.identity != existing.identity { try? links.unlink(linkName) }
    }
}
