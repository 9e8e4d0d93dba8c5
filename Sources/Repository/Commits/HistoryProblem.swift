package import Records

/// Something wrong with the history that a store shows.
package struct HistoryProblem: Sendable, Hashable, CustomStringConvertible {
    /// What is wrong.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A commit that is damaged, forged, or whose member had no right to it; it is left out.
        case rejectedCommit
        /// Numbers that are missing in a chain, and no record says that they were forgotten.
        case gap
        /// Two commits of one number.
        case fork
        /// A commit that does not follow the one before it.
        case brokenLink
        /// Commits, policies or records that this host has seen and the store no longer shows.
        case rollBack
        /// A commit that another member has seen and the store does not show.
        case withheld
        /// No commit since longer than the member declared.
        case silence
        /// A commit claims to replace another without the right to it.
        case replacement
        /// Records of forgotten commits that are missing, damaged, or written by somebody without the right.
        case forgottenRecord
        /// Receipts that are missing, damaged, or written by somebody without the right.
        case receipt
        /// Holds that are missing, damaged, written by somebody without the right, or were not kept.
        case hold
        /// A sealed part that does not open.
        case sealedPart
    }

    /// What is wrong.
    package var kind: Kind
    /// The chain that it is about, if it is about one.
    package var chain: ChainID?
    /// What people call the member.
    package var memberName: String?
    /// The host whose chain it is, where that can be read.
    package var host: String?
    /// The text, cut where the member is named.
    private var parts: [String]

    /// Whether it shows that somebody tampered with the history or something is lost, rather than silence alone.
    package var isTampering: Bool { kind != .silence }

    /// A problem that is about no chain.
    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        parts = [message]
    }

    /// A problem with a chain: the member is named between the two texts.
    package init(_ kind: Kind, _ before: String, _ chain: ChainID, _ after: String, in policies: PolicyChain) {
        self.kind = kind
        self.chain = chain
        memberName = policies.name(of: chain.member)
        parts = [before, after]
    }

    /// What is wrong, with member, host and numbers, and what to do.
    package var message: String {
        guard let chain else { return parts.joined() }
        var who = "member \(chain.member.hex.prefix(8))"
        let known = [memberName, host.map { "host \($0)" }].compactMap { $0 }.filter { !$0.isEmpty }
        if !known.isEmpty { who += " (\(known.joined(separator: ", ")))" }
        return parts.joined(separator: who)
    }

    package var description: String { message }
}

extension PolicyChain {
    /// What people call a member, by the newest policy that has it.
    package func name(of member: MemberID) -> String? {
        policies.last { $0.member(member) != nil }?.member(member)?.name
    }
}
