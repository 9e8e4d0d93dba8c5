import Glibc

/// The three streams that a process is born with, used before and after a session.
enum StandardStreams {
    /// Puts /dev/null in the place of streams that are closed.
    ///
    /// Otherwise the next file to be opened, perhaps one of the repository, would receive what is meant for people. In the
    /// place of standard output it cannot be written to, so that a listing that nobody gets is no success.
    static func openMissing() {
        for number in Int32(0)...2 where fcntl(number, F_GETFD) == -1 {
            _ = unsafe open("/dev/null", number == 2 ? O_WRONLY : O_RDONLY)
        }
    }

    /// Writes a text and a line feed to standard output.
    ///
    /// - Returns: whether it could be written.
    static func print(_ text: String) -> Bool {
        let channel = OutputChannel(STDOUT_FILENO)
        channel.write(Array(text.utf8) + (text.hasSuffix("\n") ? [] : [0x0A]))
        channel.flush()
        return channel.failure == nil
    }

    /// Writes a line to standard error.
    static func complain(_ text: String) {
        let channel = OutputChannel(STDERR_FILENO)
        channel.write(Array(text.utf8) + (text.hasSuffix("\n") ? [] : [0x0A]))
        channel.flush()
    }
}
