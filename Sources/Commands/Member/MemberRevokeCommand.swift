import ArgumentParser
import Cryptography
import Records
import Repository

/// Revokes a member.
struct MemberRevokeCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Revoke a member: what it has committed until now counts, nothing later does.",
        discussion: """
            The member's key file opens the repository no longer. Whoever has used it keeps what it gave: a reader what it \
            could read, a writer the means to guess what is stored in its domains. Against that holdfast key rotate changes \
            the keys of what is stored from then on.
            """
    )

    @Argument(help: ArgumentHelp("The member, by name or by the first digits of its id.", valueName: "member"))
    var member: String

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        let repository = try session.openRepository()
        let found = try repository.policy.member(named: member)
        let log = try CommitLog.load(repository)
        for problem in log.problems { session.output.problem(problem.message) }
        let revocation = try repository.revokeMember(found.id, log: log)
        let output = session.output
        if output.isJSON {
            try output.record([
                "message_type": "summary", "member": .string(found.id.hex), "name": .string(found.name),
                "last_commits": .array(
                    revocation.accepted.map { head in
                        [
                            "incarnation": .string(head.incarnation.hex), "number": .unsigned(head.number),
                            "id": .string(head.hash.hex),
                        ]
                    }
                ),
            ])
            return .success
        }
        try output.line("revoked \(safeLine(found.name)), \(found.role.name), member \(found.id.hex.prefix(8))")
        for head in revocation.accepted {
            try output.line(
                "its last commit of chain \(head.incarnation.hex) that counts: \(head.number) (\(head.hash.hex.prefix(8)))"
            )
        }
        output.note(found.role.adviceOnRevocation)
        return .success
    }
}

extension MemberRole {
    /// What a revocation does not do, and what does.
    fileprivate var adviceOnRevocation: String {
        switch self {
        case .owner:
            """
            Its passwords and key files still open the repository: holdfast key list, key remove. If its keys may be in \
            other hands, they read all that is stored: make a new repository and store everything in it anew.
            """
        case .manager, .reader:
            """
            It keeps the keys to what is stored already. So that it cannot read what comes, run
                holdfast key rotate
            """
        case .writer:
            """
            If its key file may be in other hands, run holdfast key rotate as well: whoever has it could go on guessing \
            what is stored in its domains.
            """
        case .replica:
            "It held no keys; the storage itself must refuse it from now on."
        }
    }
}

extension Policy {
    /// The member that a user names: by name, or by at least four digits of the id.
    ///
    /// - Throws: `RepositoryError.invalidRequest` if none or several fit.
    func member(named name: String) throws -> PolicyMember {
        let byName = members.filter { $0.name == name }
        let standing = byName.filter { revocation(of: $0.id) == nil }
        if standing.count == 1 { return standing[0] }
        let digits = name.lowercased()
        let found = byName + (digits.count >= 4 ? members.filter { $0.id.hex.hasPrefix(digits) } : [])
        guard let first = found.first else {
            throw RepositoryError(.invalidRequest, "there is no member \(name): holdfast member list shows them")
        }
        guard found.count == 1 else {
            throw RepositoryError(
                .invalidRequest,
                "member \(name) is ambiguous: give its id, as holdfast member list shows it"
            )
        }
        return first
    }
}
