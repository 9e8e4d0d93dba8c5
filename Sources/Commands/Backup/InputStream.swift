import FileSystem
import Glibc
import Repository
import Snapshots
import Synchronization
import Threads

/// Standard input, or what a command prints, on its way into a backup.
///
/// A thread of its own passes the bytes on through a pipe, so that a stop by the user ends a wait for input that may
/// never come.
final class InputStream: Sendable {
    private let output: Descriptor
    private let command: ChildProcess?
    private let failure = Mutex<SystemError?>(nil)
    private let pump = Monitor<WorkerThread?>(nil)

    /// Passes standard input on.
    convenience init() throws { try self.init(input: Descriptor(adopting: dup(STDIN_FILENO)), command: nil) }

    /// Runs a command and passes on what it prints.
    convenience init(command arguments: [String]) throws {
        let child: ChildProcess
        do throws(SystemError) {
            child = try ChildProcess(arguments)
        } catch {
            throw UsageError("the command cannot be run: \(error)")
        }
        try self.init(input: child.output, command: child)
    }

    private init(input: Descriptor, command: ChildProcess?) throws {
        self.command = command
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw SystemError(errno: errno, operation: "make a pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        output = Descriptor(adopting: ends[0])
        let writing = Descriptor(adopting: ends[1])
        let thread = WorkerThread(name: "input") { [self] in
            pass(from: input, to: writing)
            try? writing.close()
        }
        pump.change { $0 = thread }
    }

    /// What a backup reads; its `finish` makes sure that the stream was whole.
    func source(name: [UInt8]) throws -> BackupSource {
        // The backup closes the descriptor that it is given.
        let descriptor = fcntl(output.rawValue, F_DUPFD_CLOEXEC, 0)
        guard descriptor >= 0 else { throw SystemError(errno: errno, operation: "duplicate a pipe") }
        return .stream(name: name, descriptor: descriptor) { try self.finish() }
    }

    /// Makes sure, at the end of the stream, that it was whole.
    ///
    /// - Throws: if the input could not be read, the command failed, or the user stopped the run.
    private func finish() throws {
        pump.withLock { $0 }?.join()
        if Cancellation.isRequested { throw RepositoryError(.cancelled, "stopped before the end of the input") }
        if let error = failure.withLock({ $0 }) { throw error }
        if let command, let failure = command.waitForFailure() {
            throw RepositoryError(
                .invalidRequest,
                "the command \(command.name) \(failure): nothing was saved, for what it printed may not be whole"
            )
        }
    }

    private func pass(from input: Descriptor, to writing: Descriptor) {
        var buffer = [UInt8](repeating: 0, count: 256 * 1024)
        while true {
            var request = pollfd(fd: input.rawValue, events: Int16(POLLIN), revents: 0)
            let ready = unsafe poll(&request, 1, 100)
            if Cancellation.isRequested {
                command?.terminate()
                return
            }
            guard ready > 0 else { continue }
            do throws(SystemError) {
                let count = unsafe read(input.rawValue, &buffer, buffer.count)
                if count < 0, errno == EINTR || errno == EAGAIN { continue }
                guard count >= 0 else { throw SystemError(errno: errno, operation: "read the input") }
                if count == 0 { return }
                try writing.write(Array(buffer[..<count]))
            } catch {
                // Nobody reads any more: the backup has failed and says why.
                if error.errno != EPIPE { failure.withLock { $0 = error } }
                command?.terminate()
                return
            }
        }
    }
}
