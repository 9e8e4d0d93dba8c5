/// What `-o key=value` says about one kind of storage.
package struct RemoteOptions: Sendable {
    /// The keys there are.
    package static let keys = ["sftp.command", "sftp.args", "rclone.program", "rclone.args"]

    private var values: [String: String] = [:]

    /// No options.
    package init() {}

    /// Reads settings of the form `key=value`; throws `LocationError` for a key that there is not.
    package init(_ settings: [String]) throws(LocationError) {
        for setting in settings {
            guard let equals = setting.firstIndex(of: "=") else {
                throw LocationError("-o \(setting): write -o KEY=VALUE")
            }
            let key = String(setting[..<equals])
            guard Self.keys.contains(key) else {
                throw LocationError("-o \(key): there is no such key; there are \(Self.keys.joined(separator: ", "))")
            }
            values[key] = String(setting[setting.index(after: equals)...])
        }
    }

    /// The value of a key.
    subscript(key: String) -> String? { values[key] }
}
