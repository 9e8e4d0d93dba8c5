import ArgumentParser
import Records
import Repository

/// What a new member may do.
struct MemberRights: ParsableArguments {
    @Option(help: "owner, manager, writer, reader or replica.")
    var role: Role

    @Option(
        help: ArgumentHelp("A domain that it may use; may be given several times. All by default.", valueName: "name")
    )
    var domain: [String] = []

    @Option(help: ArgumentHelp("How long its rights last: 12h, 30d, 8w or 1y. For ever by default.", valueName: "time"))
    var validFor: Period?

    /// The roles by their names on the command line.
    enum Role: String, ExpressibleByArgument, CaseIterable {
        case owner, manager, writer, reader, replica

        var role: MemberRole {
            switch self {
            case .owner: .owner
            case .manager: .manager
            case .writer: .writer
            case .reader: .reader
            case .replica: .replica
            }
        }
    }

    /// A length of time.
    struct Period: ExpressibleByArgument {
        /// Its seconds.
        var seconds: Int64

        init?(argument: String) {
            let units: [Character: Int64] = ["h": 3600, "d": 86_400, "w": 7 * 86_400, "y": 365 * 86_400]
            guard let unit = argument.last.flatMap({ units[$0] }), let count = Int64(argument.dropLast()),
                (1...100_000).contains(count)
            else { return nil }
            seconds = count * unit
        }
    }

    /// The member that a request asks for, with these rights.
    func member(_ request: MemberRequest) -> NewMember {
        var member = NewMember(request, role: role.role)
        member.domains = domain
        member.validSeconds = validFor?.seconds
        return member
    }
}

extension MemberRole {
    /// The role in one word.
    var name: String {
        switch self {
        case .owner: "owner"
        case .manager: "manager"
        case .writer: "writer"
        case .reader: "reader"
        case .replica: "replica"
        }
    }
}
