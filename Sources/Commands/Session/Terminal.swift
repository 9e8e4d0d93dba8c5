import Cryptography
import Glibc
import Repository
import Synchronization

/// The terminal of whoever started the program, for what must not stand on a command line.
final class Terminal: Sendable {
    private struct Saved: @unchecked Sendable {
        // Plain numbers; the C structure is merely not marked as such.
        var descriptor: Int32
        var settings: termios
        /// Those of the prompt, and its text.
        var hidden: termios
        var prompt: String
    }

    /// What the terminal is to be put back to when the program ends in the middle of a prompt.
    private static let saved = Mutex<Saved?>(nil)

    private let descriptor: Int32

    /// Opens the controlling terminal; nil if there is none.
    init?() {
        descriptor = unsafe open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
    }

    deinit { close(descriptor) }

    /// Undoes what a prompt has done to the terminal.
    static func restore() {
        saved.withLock { saved in
            guard var state = saved else { return }
            unsafe tcsetattr(state.descriptor, TCSAFLUSH, &state.settings)
            saved = nil
        }
    }

    /// Shows again what is typed, while the program is stopped.
    static func pause() {
        saved.withLock { saved in
            guard var state = saved else { return }
            unsafe tcsetattr(state.descriptor, TCSADRAIN, &state.settings)
        }
    }

    /// Goes on with the prompt that `pause` interrupted.
    static func resume() {
        saved.withLock { saved in
            guard var state = saved else { return }
            unsafe tcsetattr(state.descriptor, TCSADRAIN, &state.hidden)
            let channel = OutputChannel(state.descriptor)
            channel.write(Array(state.prompt.utf8))
            channel.flush()
        }
    }

    /// Shows a prompt and reads one line without showing what is typed.
    ///
    /// - Throws: `RepositoryError.cancelled` when the user gives up.
    func readSecret(_ prompt: String, limit: Int = 4096) throws -> Secret {
        var settings = termios()
        guard unsafe tcgetattr(descriptor, &settings) == 0 else {
            throw UsageError("the terminal cannot be asked for a password: give it by HOLDFAST_PASSWORD_FILE")
        }
        let shown = settings
        settings.c_lflag &= ~tcflag_t(ECHO)
        settings.c_lflag |= tcflag_t(ICANON | ECHONL)
        Terminal.saved.withLock {
            $0 = Saved(descriptor: descriptor, settings: shown, hidden: settings, prompt: prompt)
        }
        defer { Terminal.restore() }
        unsafe tcsetattr(descriptor, TCSAFLUSH, &settings)
        say(prompt)
        return try readLine(limit: limit)
    }

    /// Shows a text.
    func say(_ text: String) {
        let channel = OutputChannel(descriptor)
        channel.write(Array(text.utf8))
        channel.flush()
    }

    private func readLine(limit: Int) throws -> Secret {
        var count = 0
        let whole = try unsafe Secret(count: limit) { target in
            while count < limit {
                // The signals that a key sends are blocked, so the wait looks for them itself.
                var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                let ready = unsafe poll(&request, 1, 100)
                if Cancellation.isRequested {
                    say("\n")
                    throw RepositoryError(.cancelled, "stopped at the prompt")
                }
                guard ready > 0 else { continue }
                guard let base = target.baseAddress else { break }
                let got = unsafe read(descriptor, base + count, limit - count)
                if got < 0, errno == EINTR || errno == EAGAIN { continue }
                guard got > 0 else { break }
                count += got
                if unsafe target[count - 1] == 0x0A { break }
            }
        }
        return try whole.withoutLineEnd(count: count)
    }
}
