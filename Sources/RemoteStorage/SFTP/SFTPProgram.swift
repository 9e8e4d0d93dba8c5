internal import ObjectStorage

/// The child process that speaks SFTP, and what is known about the server behind it.
package struct SFTPProgram: Sendable, Equatable {
    /// The program and its arguments.
    package var arguments: [String]
    /// What is at the other end, for messages.
    package var server: String
    /// The directory of the store as the server knows it; empty for the server's root.
    package var root: String
    /// Whether the program may have to ask somebody for a password.
    package var mayAskOnTerminal: Bool
    /// Whether the server is rclone, which tells a failure of the storage behind it by nothing but words.
    package var isRclone: Bool

    /// ssh for a location; its configuration, agent and known hosts are the user's.
    ///
    /// - Parameters:
    ///   - command: a whole command line in the place of ssh and all its arguments.
    ///   - extraArguments: arguments for ssh.
    /// - Throws: `LocationError` if a text is no command line, or both are given.
    package static func ssh(
        _ location: SFTPLocation,
        command: String? = nil,
        extraArguments: String? = nil
    ) throws(LocationError) -> SFTPProgram {
        var arguments: [String]
        if let command {
            guard extraArguments == nil else {
                throw LocationError("sftp.command and sftp.args contradict each other: give one of them")
            }
            arguments = try ShellWords.split(command)
            guard !arguments.isEmpty else { throw LocationError("sftp.command is empty") }
        } else {
            arguments = ["ssh"]
            if let port = location.port { arguments += ["-p", String(port)] }
            if let user = location.user { arguments += ["-l", user] }
            // As sftp(1) does: the connection is for files and nothing else.
            for option in ["ForwardX11 no", "ForwardAgent no", "PermitLocalCommand no", "ClearAllForwardings yes"] {
                arguments += ["-o", option]
            }
            arguments += try ShellWords.split(extraArguments ?? "")
            arguments += ["-s", "--", location.host, "sftp"]
        }
        return SFTPProgram(
            arguments: arguments,
            server: location.host,
            root: location.path,
            mayAskOnTerminal: true,
            isRclone: false
        )
    }

    /// rclone for a remote; its configuration is the user's.
    ///
    /// - Throws: `LocationError` if the extra arguments are no command line.
    package static func rclone(
        _ remote: String,
        program: String? = nil,
        extraArguments: String? = nil
    ) throws(LocationError) -> SFTPProgram {
        SFTPProgram(
            arguments: [
                program ?? "rclone", "serve", "sftp", "--stdio",
                // What others change is to be seen soon. Without any cache rclone reads every folder on the way to a file
                // again for each one above it, which takes for ever in deep folders.
                "--dir-cache-time", "1s", "--vfs-cache-mode", "off",
                // Parts of a file are asked for in their order, so there is never one to wait for.
                "--vfs-read-wait", "1ms",
            ] + (try ShellWords.split(extraArguments ?? "")) + [remote],
            server: "rclone",
            root: "",
            mayAskOnTerminal: false,
            isRclone: true
        )
    }

    /// What the end of the program means.
    func failure(_ end: String?, complaints: String) -> StorageError {
        let how = end.map { "\(arguments[0]) \($0)" } ?? "\(arguments[0]) has ended"
        let words = complaints.isEmpty ? how : "\(how): \(complaints)"
        for (sign, code, advice) in Self.knownEnds where complaints.contains(sign) {
            return StorageError(code, "\(server): \(advice) (\(words))")
        }
        return StorageError(.unavailable, "the connection to \(server) ended: \(words)")
    }

    /// What ssh and rclone print, what kind of failure that is, and what to do about it.
    private static let knownEnds: [(sign: String, code: StorageError.Code, advice: String)] = [
        (
            "Host key verification failed", .permissionDenied,
            "the host's key is not the known one; connect once with ssh and compare its fingerprint"
        ),
        (
            "REMOTE HOST IDENTIFICATION HAS CHANGED", .permissionDenied,
            "the host's key has changed; find out why before you remove the old one with ssh-keygen -R"
        ),
        ("Permission denied", .permissionDenied, "authentication failed; try ssh to this host by hand"),
        ("Too many authentication failures", .permissionDenied, "authentication failed; try ssh to this host by hand"),
        ("subsystem request failed", .other, "the server offers no SFTP"),
        (
            "Could not resolve hostname", .unavailable,
            "the name of the host is not known; check its spelling and the DNS"
        ),
        ("Connection refused", .unavailable, "nothing listens there; check the port and whether the server runs"),
        ("No route to host", .unavailable, "the network does not lead there"),
        ("Network is unreachable", .unavailable, "the network does not lead there"),
        ("timed out", .unavailable, "the host does not answer"),
        ("didn't find section in config file", .notFound, "rclone knows no such remote; see rclone listremotes"),
        ("unknown flag", .other, "rclone does not know an option; a newer version is needed"),
        ("Bad configuration option", .other, "ssh does not know an option"),
    ]
}
