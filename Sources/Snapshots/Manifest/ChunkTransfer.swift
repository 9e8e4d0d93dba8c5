package import Records
package import Repository

/// Where finished pages go: the writer of a backup run, or a test's dictionary.
package protocol ChunkSink: AnyObject {
    /// Stores one page and returns its chunk id; storing the same page again is free.
    func store(_ page: [UInt8], type: ChunkType) throws -> ChunkID
}

/// Where pages come from: the reader of a repository, or a test's dictionary.
package protocol ChunkSource: AnyObject, Sendable {
    /// The plaintext of a chunk, at most 16 MiB, checked against its id and type by whoever loads it.
    func load(_ id: ChunkID, type: ChunkType) throws -> [UInt8]
}
