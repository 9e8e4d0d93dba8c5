package import Records

/// What reading a whole pack has shown.
package struct PackVerification: Sendable {
    /// Something wrong with the pack.
    package struct Problem: Sendable {
        /// What is wrong, in words.
        package var message: String
        /// Whether stored bytes are damaged or forged, rather than the index being wrong about them.
        package var isDamage: Bool
    }

    /// The pack.
    package var pack: PackReference
    /// What is wrong with it; empty for a good pack.
    package var problems: [Problem] = []
    /// Chunks that do not come out of it.
    package var damagedChunks: [ChunkID] = []
    /// Whether the chunks could not be looked at because the key is not allowed to.
    package var isSealed = false
    /// Domain, epoch, member and run of its header; nil if that could not be read.
    package var origin: PackOrigin?
    /// Chunks that came out of it.
    package var chunkCount = 0
    /// Their plain bytes.
    package var plainByteCount: UInt64 = 0
    /// Bytes read.
    package var byteCount: UInt64 = 0

    init(_ pack: PackReference) { self.pack = pack }

    /// The pack, if all of it was read and found right.
    package var attestable: AttestablePack? {
        guard let origin, problems.isEmpty, !isSealed, chunkCount > 0 else { return nil }
        return AttestablePack(pack, domain: origin.domain, epoch: origin.epoch)
    }
}

/// Where a pack comes from, by its header.
package struct PackOrigin: Hashable, Sendable {
    /// The domain of its chunks.
    package let domain: DomainID
    /// The epoch of the domain.
    package let epoch: UInt32
    /// The member that made it.
    package let member: MemberID
    /// The run that made it.
    package let run: RunID
}
