/// Where a store is, as people write it: a path, `sftp:user@host:/path`, `rclone:remote:path` or
/// `s3:https://host/bucket/prefix`; the spellings are those of restic.
package enum StoreLocation: Hashable, Sendable {
    /// A directory of this machine.
    case directory(String)
    /// A directory behind an SFTP server.
    case sftp(SFTPLocation)
    /// A remote of rclone with a path in it, such as `cloud:backup/host`.
    case rclone(String)
    /// A bucket, or a prefix in one.
    case s3(S3Location)
}

/// A directory behind an SFTP server.
package struct SFTPLocation: Hashable, Sendable {
    /// The name to log in by; the user's ssh configuration decides without one.
    package var user: String?
    /// A host name, an address, or an alias of the ssh configuration; never empty, never beginning with `-`.
    package var host: String
    /// The port; the user's ssh configuration decides without one.
    package var port: UInt16?
    /// The directory: absolute, or relative to where the server puts its users.
    package var path: String
}

/// A bucket of an S3 service, or a prefix in one.
package struct S3Location: Hashable, Sendable {
    /// Whether the connection is encrypted; plain HTTP must be asked for by writing `http://`.
    package var usesTLS: Bool
    /// The service's host, without a port.
    package var host: String
    /// The port, if it is not the scheme's.
    package var port: UInt16?
    /// The bucket.
    package var bucket: String
    /// What stands before every key, without slashes at either end; may be empty.
    package var prefix: String
}

extension StoreLocation: CustomStringConvertible {
    /// The location in its shortest usual spelling.
    package var description: String {
        switch self {
        case .directory(let path): path
        case .sftp(let location): location.description
        case .rclone(let remote): "rclone:" + remote
        case .s3(let location): location.description
        }
    }
}

extension SFTPLocation: CustomStringConvertible {
    /// The location as a URL where it has a port, otherwise in the way of scp.
    package var description: String {
        let name = host.contains(":") ? "[\(host)]" : host
        let account = user.map { "\($0)@\(name)" } ?? name
        guard let port else { return "sftp:\(account):\(path)" }
        return "sftp://\(account):\(port)/\(path)"
    }
}

extension S3Location: CustomStringConvertible {
    /// The location with its scheme.
    package var description: String {
        "s3:\(usesTLS ? "https" : "http")://\(authority)/\(bucket)" + (prefix.isEmpty ? "" : "/" + prefix)
    }

    /// Host and port, as in a URL.
    package var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port.map { "\(name):\($0)" } ?? name
    }
}
