internal import Cryptography

extension Policy {
    /// Makes sure that the policy can be in force: reading a policy does this too.
    ///
    /// Throws `.malformed` for ids that occur twice or do not fit their key, for a policy without an owner, and for a
    /// first policy that names one before it or that somebody else than its owner signed; `.tooLarge` for a domain with
    /// more recipients than a key box holds.
    package func validate() throws(RecordError) {
        guard (number == 0) == (previous == nil) else {
            throw RecordError(
                .malformed,
                number == 0
                    ? "policy 0 names a policy before it"
                    : "policy \(number) does not name the policy before it"
            )
        }
        try validateMembers()
        guard number > 0 || isOwner(signer) else {
            throw RecordError(.malformed, "policy 0 is signed by \(signer.hex), who is no owner in it")
        }
        guard Set(domains.map(\.id)).count == domains.count else {
            throw RecordError(.malformed, "the policy has a domain twice")
        }
        for domain in domains
        where domain.readers.count + managers.count > KeyBox.maximumRecipientCount {
            throw RecordError(
                .tooLarge,
                "the policy has \(domain.readers.count + managers.count) reader and manager keys for domain "
                    + "\(domain.id.hex); the format permits at most \(KeyBox.maximumRecipientCount)"
            )
        }
        guard zip(slots, slots.dropFirst()).allSatisfy(<) else {
            throw RecordError(.malformed, "the policy does not name its key slots in ascending order")
        }
        guard slots.count <= Self.maximumSlotCount else {
            throw RecordError(
                .tooLarge,
                "the policy names \(slots.count) key slots; the format permits at most \(Self.maximumSlotCount)"
            )
        }
        guard Set(revocations.map(\.member)).count == revocations.count else {
            throw RecordError(.malformed, "the policy revokes a member twice")
        }
    }

    /// Makes sure that a member knows all features that the policy asks for.
    ///
    /// Throws `.unsupported` naming the first that is not known; version 1 of the format defines none.
    package func requireKnownFeatures(_ known: Set<String> = []) throws(RecordError) {
        for feature in features where !known.contains(feature) {
            throw RecordError(
                .unsupported,
                "the policy asks its members to know the feature \"\(feature)\"; use a newer version of the program"
            )
        }
    }

    private static let maximumSlotCount = 64
    /// Copies of one member's slot.
    private static let maximumCopyCount = 4

    private func validateMembers() throws(RecordError) {
        var ids: Set<MemberID> = []
        for member in members {
            guard ids.insert(member.id).inserted else {
                throw RecordError(.malformed, "the policy has member \(member.id.hex) twice")
            }
            guard try Self.id(of: member.key) == member.id else {
                throw RecordError(.malformed, "the policy gives member \(member.id.hex) a key that is not the member's")
            }
        }
        for member in members where member.slots.count > Self.maximumCopyCount {
            throw RecordError(
                .tooLarge,
                "the policy names \(member.slots.count) key slots for member \(member.id.hex); the format permits at most "
                    + "\(Self.maximumCopyCount)"
            )
        }
        guard members.contains(where: { $0.role == .owner }) else {
            throw RecordError(.malformed, "the policy has no owner")
        }
    }

    private static func id(of key: VerifyingKey) throws(RecordError) -> MemberID {
        do {
            return try MemberID(of: key)
        } catch {
            throw RecordError(.malformed, "the policy could not be checked: \(error)")
        }
    }
}
