import Cryptography
import FileSystem
import Records

/// The tables of an index on local disk.
///
/// Losing any of them costs time, never data.
final class IndexCache: Sendable {
    private static let suffix = Array(".table".utf8)
    /// Above so many tables of one kind they are merged.
    private static let mergeAbove = 6

    private let directory: Directory?
    private let isScratch: Bool
    private let warn: @Sendable (String) -> Void

    /// Uses a directory, or only memory.
    ///
    /// - Parameter isScratch: whether nothing that lies there is used, and nothing is left there.
    init(directory: Directory?, isScratch: Bool = false, warn: @escaping @Sendable (String) -> Void) {
        self.directory = directory
        self.isScratch = isScratch
        self.warn = warn
    }

    /// Whether later runs use what is stored here.
    var isPersistent: Bool { directory != nil && !isScratch }

    /// Kinds of tables, by the first letter of the file's name.
    enum Kind: UInt8, CaseIterable {
        case reusable = 0x72  // r
        case other = 0x6f  // o
        /// What attestations vouch for: the objects that a table stands for are theirs, not fragments.
        case attested = 0x61  // a
    }

    /// The whole tables of a kind whose fragments the store still has; others are removed.
    func load(_ kind: Kind, fragments: Set<ObjectHash>) -> [IndexTable] {
        guard let directory, !isScratch else { return [] }
        var tables: [IndexTable] = []
        var covered: Set<ObjectHash> = []
        do {
            let names = try directory.names()
            for index in 0..<names.count {
                let name = names[index]
                guard name.first == kind.rawValue, name.suffix(6).elementsEqual(IndexCache.suffix) else { continue }
                guard let table = try map(directory, name) else {
                    try directory.unlink(name)
                    continue
                }
                let own = table.fragments()
                if own.allSatisfy(fragments.contains), covered.isDisjoint(with: own) {
                    covered.formUnion(own)
                    tables.append(table)
                } else {
                    try directory.unlink(name)
                }
            }
        } catch {
            warn("the index cache cannot be used and is built anew: \(error)")
        }
        return tables
    }

    /// Removes all tables: they are made anew from the store.
    func discard() {
        guard let directory, let names = try? directory.names() else { return }
        for index in 0..<names.count where names[index].suffix(6).elementsEqual(IndexCache.suffix) {
            // Another process may have been faster.
            try? directory.unlink(names[index])
        }
    }

    private func map(_ directory: Directory, _ name: [UInt8]) throws -> IndexTable? {
        let file = try directory.openFile(name, for: .reading)
        defer { try? file.close() }
        return IndexTable(map: try MappedFile(file))
    }

    /// Writes a table of packs and takes it into use.
    func store(_ kind: Kind, packs: [StoredPack], fragments: [ObjectHash]) throws -> IndexTable {
        try write(kind) { file in try IndexTableWriter.write(packs: packs, fragments: fragments, to: file) }
    }

    /// Merges tables where there are many, so that a look-up stays cheap.
    func compact(_ kind: Kind, _ tables: [IndexTable]) -> [IndexTable] {
        guard tables.count > IndexCache.mergeAbove else { return tables }
        // A table much larger than all smaller ones together is left alone: rewriting it each time would cost more than
        // one further look-up.
        var sorted = tables.sorted { $0.entryCount < $1.entryCount }
        var kept: [IndexTable] = []
        while let largest = sorted.last, sorted.count > 2 {
            let rest = sorted.dropLast().reduce(0) { $0 + $1.entryCount }
            guard largest.entryCount > 4 * rest else { break }
            kept.append(sorted.removeLast())
        }
        do {
            let merged = try write(kind) { file in try IndexTableWriter.merge(sorted, to: file) }
            removeCovered(by: merged, kind: kind)
            return kept + [merged]
        } catch {
            warn("the index cache could not be merged: \(error)")
            return tables
        }
    }

    /// Removes the files whose fragments another table covers.
    private func removeCovered(by merged: IndexTable, kind: Kind) {
        guard let directory, !isScratch else { return }
        let covered = Set(merged.fragments())
        guard let names = try? directory.names() else { return }
        for index in 0..<names.count {
            let name = names[index]
            guard name.first == kind.rawValue, name.suffix(6).elementsEqual(IndexCache.suffix),
                let table = try? map(directory, name)
            else { continue }
            let own = table.fragments()
            if own.count < covered.count, own.allSatisfy(covered.contains) { try? directory.unlink(name) }
        }
    }

    private func write(_ kind: Kind, _ body: (Descriptor) throws -> Void) throws -> IndexTable {
        if isScratch, let directory, let file = try? directory.createAnonymousFile() {
            try body(file)
            if let table = IndexTable(map: try MappedFile(file)) { return table }
        } else if !isScratch, let directory {
            let temporary = TemporaryName.random()
            do {
                let file = try directory.createFile(temporary)
                do {
                    try body(file)
                    try file.sync()
                    let table = IndexTable(map: try MappedFile(file))
                    let name = [kind.rawValue] + Array("-".utf8) + temporary.dropFirst(10) + IndexCache.suffix
                    try directory.rename(temporary, to: directory, as: name)
                    if let table { return table }
                } catch let error as SystemError {
                    try? directory.unlink(temporary)
                    throw error
                }
            } catch let error as SystemError {
                warn("the index cache cannot be written, memory is used instead: \(error)")
            }
        }
        let file = try Descriptor.anonymousMemory(named: "holdfast-index")
        try body(file)
        guard let table = IndexTable(map: try MappedFile(file)) else {
            throw RepositoryError(.integrity, "an index table could not be built")
        }
        return table
    }
}
