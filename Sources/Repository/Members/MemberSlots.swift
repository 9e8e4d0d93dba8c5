import Cryptography
import ObjectStorage
import Records

/// Finds and opens the slots that the policy names for a member (format.md §5).
enum MemberSlots {
    /// Opens the first of a member's slots that is whole: they are copies of one another.
    ///
    /// - Throws: `RepositoryError.missing` or `.integrity` if none is.
    static func open(
        _ member: PolicyMember,
        with key: borrowing AgreementKey,
        store: any ObjectStore,
        repository: RepositoryID
    ) throws -> (grant: KeyGrant, slot: ObjectHash) {
        var failure: (any Error)?
        for slot in member.slots {
            do {
                let name = try ObjectName(ObjectNames.slot(slot))
                let object = try store.readAll(name, atMost: RecordKind.slot.maximumByteCount)
                guard try unsafe SHA256.hash(object.span.bytes) == slot else {
                    throw RepositoryError(.integrity, "its bytes are not those that its name says")
                }
                let header = try KeySlotHeader(object: object)
                guard header.repository == repository else {
                    throw RepositoryError(.integrity, "it belongs to another repository")
                }
                guard let grant = try KeySlot.open(object, header: header, with: key) else {
                    throw RepositoryError(.integrity, "it is sealed to another member")
                }
                guard grant.repository == repository, grant.member == member.id else {
                    throw RepositoryError(.integrity, "it holds the keys of another member")
                }
                return (grant, slot)
            } catch let error where error.isDamage {
                failure = RepositoryError(.integrity, "key slot \(slot) of member \(member.name) is lost", cause: error)
            }
        }
        throw failure ?? RepositoryError(.missing, "member \(member.name) has no key slot")
    }
}
