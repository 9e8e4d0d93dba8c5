import Synchronization

/// One line at the bottom of the terminal that is drawn again and again.
final class StatusLine: Sendable {
    /// Whether there is a terminal to draw on.
    let isEnabled: Bool
    private let channel: OutputChannel
    private let isDrawn = Mutex(false)

    // Control sequences of ECMA-48: to the start of the line and erase it; wrapping off and on (DECAWM).
    private static let erasing = Array("\r\u{1B}[K".utf8)
    private static let noWrapping = Array("\u{1B}[?7l".utf8)
    private static let wrapping = Array("\u{1B}[?7h".utf8)

    /// Draws on a channel, if enabled.
    init(channel: OutputChannel, isEnabled: Bool) {
        self.channel = channel
        self.isEnabled = isEnabled
    }

    /// Shows a text in place of what stood there; what does not fit is cut off.
    func draw(_ text: String) {
        guard isEnabled else { return }
        isDrawn.withLock { isDrawn in
            channel.write(StatusLine.erasing + StatusLine.noWrapping + Array(text.utf8) + StatusLine.wrapping)
            channel.flush()
            isDrawn = true
        }
    }

    /// Takes the line away.
    func erase() {
        guard isEnabled else { return }
        isDrawn.withLock { isDrawn in
            guard isDrawn else { return }
            channel.write(StatusLine.erasing)
            channel.flush()
            isDrawn = false
        }
    }
}
