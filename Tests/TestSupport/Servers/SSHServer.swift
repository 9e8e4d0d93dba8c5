internal import FileSystem
internal import Foundation
internal import Glibc

/// An OpenSSH server on a free port of the loopback address, run by this user with keys and configuration of its own.
package final class SSHServer: Sendable {
    /// The port it listens on.
    package let port: UInt16
    /// A directory for its files and for stores.
    package let place: TemporaryDirectory
    private let process: RunningProgram

    /// Whether the programs are there; `Tests/install.sh --tests` installs them.
    package static let isInstalled = FileManager.default.isExecutableFile(atPath: "/usr/sbin/sshd")

    /// Starts a server and waits until it listens.
    package init() throws {
        place = try TemporaryDirectory()
        for name in ["host", "user"] {
            try RunningProgram.run(["/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", place.path(name)])
        }
        let key = try String(contentsOfFile: place.path("user.pub"), encoding: .utf8)
        try Data(key.utf8).write(to: URL(fileURLWithPath: place.path("authorized")))
        // sshd refuses to run without its directory for unprivileged work, where it runs as root.
        if getuid() == 0 {
            try? FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true)
        }
        let (port, process) = try startOnFreePort { [place] port in
            let configuration = """
                Port \(port)
                ListenAddress 127.0.0.1
                HostKey \(place.path("host"))
                AuthorizedKeysFile \(place.path("authorized"))
                PidFile none
                PasswordAuthentication no
                KbdInteractiveAuthentication no
                UsePAM no
                StrictModes no
                PermitRootLogin yes
                PermitUserEnvironment no
                Subsystem sftp internal-sftp
                MaxStartups 100
                """
            try Data(configuration.utf8).write(to: URL(fileURLWithPath: place.path("sshd_config")))
            return ["/usr/sbin/sshd", "-D", "-e", "-f", place.path("sshd_config")]
        }
        (self.port, self.process) = (port, process)
        let hostKey = try String(contentsOfFile: place.path("host.pub"), encoding: .utf8)
        try Data("[127.0.0.1]:\(port) \(hostKey)".utf8).write(to: URL(fileURLWithPath: place.path("known_hosts")))
    }

    /// What ssh must be told to reach this server and no other, as `-o sftp.args` takes it.
    package var arguments: String {
        "-F none -i \(place.path("user")) -o IdentitiesOnly=yes -o UserKnownHostsFile=\(place.path("known_hosts")) "
            + "-o GlobalKnownHostsFile=none -o BatchMode=yes"
    }

    /// The location of a directory on the server.
    package func location(_ path: String) -> String { "sftp://127.0.0.1:\(port)/\(path)" }

    /// Ends all sessions and the server itself.
    package func stop() { process.stop() }
}
