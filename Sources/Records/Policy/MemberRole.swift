/// What a member may do.
package enum MemberRole: UInt64, Sendable, CaseIterable {
    /// Everything, and sign policies.
    case owner = 1
    /// Forget snapshots and free space.
    case manager = 2
    /// Store snapshots.
    case writer = 3
    /// Read snapshots.
    case reader = 4
    /// Copy objects, without keys.
    case replica = 5
}
