import ArgumentParser

/// The commands on members.
struct MemberCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "member",
        abstract: "Give servers and people keys of their own, with the rights they need and no more.",
        discussion: """
            A server that is to back up runs holdfast member join, which makes its key file and prints a line; an owner \
            hands that line to holdfast member add. A writer's key file can add snapshots and do nothing else: not read \
            what is stored, not change or delete it.

            Roles: owner (everything), manager (sees names and sizes, forgets and prunes, reads no content), writer (adds), \
            reader (lists and restores), replica (copies objects).
            """,
        subcommands: [
            MemberJoinCommand.self, MemberAddCommand.self, MemberInviteCommand.self, MemberListCommand.self,
            MemberRevokeCommand.self,
        ]
    )
}
