internal import FileSystem
internal import Glibc
internal import Threads

/// The last of what a program complains, for the message about its end.
final class ErrorTail: Sendable {
    private static let capacity = 4096
    private let state = Monitor((bytes: [UInt8](), hasEnded: false))

    /// Reads to the end in a thread of its own.
    init(_ source: Descriptor?) {
        guard let source else {
            state.change { $0.hasEnded = true }
            return
        }
        _ = WorkerThread(name: "child-errors") { [state] in
            var buffer = [UInt8](repeating: 0, count: 1024)
            while true {
                let count = unsafe Glibc.read(source.rawValue, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                state.change { state in
                    if count > 0 {
                        state.bytes += buffer[..<count]
                        if state.bytes.count > Self.capacity {
                            state.bytes.removeFirst(state.bytes.count - Self.capacity)
                        }
                    } else {
                        state.hasEnded = true
                    }
                }
                if count <= 0 { return }
            }
        }
    }

    /// The last lines, once the program has ended; a process that it left behind may keep the stream open, so the end
    /// is not waited for much longer.
    func text() -> String {
        _ = state.wait(seconds: 0.5) { $0.hasEnded ? () : nil }
        let bytes = state.withLock { $0.bytes }
        let lines = bytes.split { $0 == 0x0A || $0 == 0x0D }.suffix(4)
        return lines.map { printable(Array($0)) }.joined(separator: "; ")
    }
}
