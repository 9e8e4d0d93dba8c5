import ArgumentParser
import Cryptography
import Records
import Repository

/// Lists the members.
struct MemberListCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the members, with what they may do and when they last committed.",
        discussion: "The member in use is marked by a star."
    )

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(_ session: Session) throws -> ExitStatus {
        let repository = try session.openRepository()
        let log = try CommitLog.load(repository)
        for problem in log.problems { session.output.problem(problem.message) }
        let policy = repository.policy
        var last: [MemberID: Int64] = [:]
        for commit in log.commits.map(\.commit) { last[commit.signer] = max(last[commit.signer] ?? .min, commit.time) }
        let output = session.output
        if output.isJSON {
            for member in policy.members { try output.record(member.record(in: policy, lastCommit: last[member.id])) }
            try output.record([
                "message_type": "summary", "members": .integer(Int64(policy.members.count)),
                "problems": .integer(Int64(log.problems.count)),
            ])
        } else {
            var table = Table([" Name", "ID", "Role", "Domains", "Valid until", "Last commit", "Revoked"])
            for member in policy.members {
                let mark = member.id == repository.keyring.member ? "*" : " "
                table.add([
                    mark + safeLine(member.name), String(member.id.hex.prefix(8)), member.role.name,
                    member.domainNames(in: policy).map(safeLine).joined(separator: ", "),
                    member.notAfter == 0 ? "" : Moment.local(member.notAfter * 1_000_000_000),
                    last[member.id].map(Moment.local) ?? "",
                    policy.revocation(of: member.id).map { Moment.local($0.time) } ?? "",
                ])
            }
            for line in table.lines { try output.line(line) }
        }
        return log.problems.isEmpty ? .success : .integrityFailure
    }
}

extension PolicyMember {
    /// The names of the domains that the member may use; "all" if it is not limited.
    func domainNames(in policy: Policy) -> [String] {
        domains.isEmpty ? ["all"] : domains.map { policy.domain($0)?.name ?? $0.hex }
    }

    /// The member as a JSON line.
    func record(in policy: Policy, lastCommit: Int64?) -> JSONValue {
        var record: JSONValue = [
            "message_type": "member", "id": .string(id.hex), "name": .string(name), "role": .string(role.name),
            "domains": .array(domains.isEmpty ? [] : domainNames(in: policy).map { .string($0) }),
        ]
        record.add("valid_until", notAfter == 0 ? nil : .string(Moment.rfc3339(notAfter * 1_000_000_000)))
        record.add("last_commit", lastCommit.map { .string(Moment.rfc3339($0)) })
        record.add("revoked", policy.revocation(of: id).map { .string(Moment.rfc3339($0.time)) })
        return record
    }
}
