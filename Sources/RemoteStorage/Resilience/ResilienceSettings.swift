/// How a remote store is treated.
package struct ResilienceSettings: Sendable {
    /// When an operation is tried again.
    package var retry = RetryPolicy()
    /// Bytes per second that are sent at most; nil for no limit.
    package var uploadLimit: Double?
    /// Bytes per second that are fetched at most; nil for no limit.
    package var downloadLimit: Double?
    /// A directory for what is being sent, in files without names; in memory without one.
    package var spoolDirectory: String?
    /// Told once when the store is found unavailable, and why; the operation is tried again.
    package var warn: @Sendable (String) -> Void = { _ in }
    /// Whether the user wants the program to stop.
    package var isCancelled: @Sendable () -> Bool = { false }

    /// The defaults.
    package init() {}
}
