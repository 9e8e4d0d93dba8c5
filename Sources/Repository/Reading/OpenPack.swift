import Cryptography
import Records

/// A pack whose frames can be opened: its keys, derived once.
final class OpenPack {
    let name: ObjectHash
    let domain: DomainID
    let epoch: UInt32
    let member: MemberID
    let run: RunID
    var lastUse: UInt64 = 0
    private var sealing: PackSealing
    private var aead: AEAD

    init(_ reference: PackReference, repository: Repository) throws {
        name = reference.name
        let (header, bytes) = try repository.readPackHeader(reference)
        domain = header.domain
        epoch = header.epoch
        member = header.member
        run = header.run
        guard let type = PackType(rawValue: UInt8(truncatingIfNeeded: header.type)) else {
            throw RepositoryError(.unsupported, "pack \(reference.name.hex) is of type \(header.type)")
        }
        let context = ContentKeyContext(
            repository: repository.id,
            domain: header.domain,
            epoch: header.epoch,
            member: header.member,
            run: header.run,
            purpose: type.purpose
        )
        let content = try repository.contentKey(header.keyBox, context: context, suite: header.suite)
        sealing = try PackSealing(
            header: header,
            headerBytes: bytes,
            keys: try repository.keys(domain: header.domain, epoch: header.epoch)
        )
        aead = try AEAD(
            suite: header.suite,
            key: try PackSealing.frameKey(header: header, contentKey: content.key)
        )
    }

    /// Opens a frame into the start of `buffer`.
    func open(_ sealed: RawSpan, counter: UInt64, _ entry: DirectoryEntry, into buffer: inout [UInt8]) throws {
        sealing.bind(entry)
        let associated = sealing.frameAssociatedData
        try unsafe aead.open(
            sealed,
            counter: counter,
            associatedData: associated.span.bytes,
            into: &buffer,
            at: 0
        )
    }
}
