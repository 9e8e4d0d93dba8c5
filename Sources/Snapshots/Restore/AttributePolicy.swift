import FileSystem

/// Which extended attributes a restore sets and removes.
struct AttributePolicy: Sendable {
    private static let user = Array("user.".utf8)
    private static let privileged = [Array("trusted.".utf8), Array("security.".utf8)]
    private static let accessControl = Array("system.posix_acl_".utf8)
    private static let capability = Array("security.capability".utf8)

    private let filter: @Sendable ([UInt8]) -> Bool
    private let isPrivileged: Bool

    /// - Parameter isPrivileged: whether this process may set attributes that only root may.
    init(filter: @escaping @Sendable ([UInt8]) -> Bool, isPrivileged: Bool) {
        self.filter = filter
        self.isPrivileged = isPrivileged
    }

    /// Whether an attribute of an entry is set: those of root's only by root.
    func restores(_ name: [UInt8]) -> Bool {
        guard filter(name) else { return false }
        return isPrivileged || !AttributePolicy.privileged.contains { name.starts(with: $0) }
    }

    /// Whether the right to write to the file is needed, and sufficient, for setting it.
    func isUserAttribute(_ name: [UInt8]) -> Bool { name.starts(with: AttributePolicy.user) }

    /// The attributes that a file has and its entry does not.
    ///
    /// Only those that users, access control and capabilities put there: labels of security modules stay, for the system
    /// gives them to each file that is made.
    func surplus(
        _ present: [FileSystem.ExtendedAttribute],
        wanted: [FileSystem.ExtendedAttribute]
    ) -> [[UInt8]] {
        present.map(\.name).filter { name in
            let isOurs =
                isUserAttribute(name) || name.starts(with: AttributePolicy.accessControl)
                || name == AttributePolicy.capability
            return isOurs && restores(name) && !wanted.contains { $0.name == name }
        }
    }
}
