internal import Foundation

/// rclone, which serves SFTP and S3 to tests.
package enum RcloneProgram {
    /// Its path: where `Tests/install.sh --tests` puts it, or from PATH.
    package static let path: String? = {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        return (["/opt/holdfast-tests/bin"] + folders).map { $0 + "/rclone" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }()
}
