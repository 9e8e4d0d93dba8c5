/// What holds for every remote store.
package struct RemoteSettings: Sendable {
    /// After so many seconds without an answer a request counts as lost.
    package var stuckSeconds: Double = 300
    /// What was set for the kind of storage.
    package var options = RemoteOptions()
    /// Whether the user wants the program to stop.
    package var isCancelled: @Sendable () -> Bool = { false }

    /// The defaults.
    package init() {}
}
