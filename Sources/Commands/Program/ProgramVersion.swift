/// What this build calls itself.
enum ProgramVersion {
    /// The version, after semver.org.
    static let number = "0.1.0"
    /// Name and version, as recorded in snapshots.
    static let text = "holdfast \(number)"
}
