internal import FileSystem
internal import Glibc
internal import ObjectStorage
internal import Threads

/// A session with an SFTP server behind a child process: many requests under way at once, by any number of threads.
///
/// A thread of its own reads the answers, so a server that waits to be read from never waits for long. The same thread
/// ends a session in which requests are under way and no answer comes for too long.
final class SFTPChannel: Sendable {
    private struct State {
        var nextID: UInt32 = 1
        /// Sent and not answered.
        var awaited: Set<UInt32> = []
        /// Answered and not taken.
        var replies: [UInt32: SFTPReply] = [:]
        /// Those of the awaited whose answer nobody will take.
        var forgotten: Set<UInt32> = []
        var version: (number: UInt32, extensions: [String: [UInt8]])?
        var failure: StorageError?
        var lastActivity: Int64
        var isClosing = false
    }

    private let program: SFTPProgram
    private let child: ChildProcess
    private let complaints: ErrorTail
    private let state: Monitor<State>
    private let writing = Monitor(())
    private let stuckNanoseconds: Int64

    /// Starts the program and waits for the server's greeting.
    ///
    /// - Parameters:
    ///   - stuckSeconds: how long an answer may take.
    ///   - isCancelled: asked while waiting for the greeting, for which somebody may have to type a password.
    /// - Throws: `StorageError`; `unavailable` if a later attempt may succeed.
    init(_ program: SFTPProgram, stuckSeconds: Double, isCancelled: () -> Bool) throws {
        self.program = program
        var setting = ChildProcess.Setting()
        setting.pipesInput = true
        setting.pipesErrors = true
        setting.blocksInterrupts = program.mayAskOnTerminal
        setting.hasOwnGroup = !program.mayAskOnTerminal
        do throws(SystemError) {
            child = try ChildProcess(program.arguments, setting)
        } catch {
            let hint = error.isNotFound ? "; is \(program.arguments[0]) installed?" : ""
            throw StorageError(.other, "\(error)\(hint)", cause: error)
        }
        complaints = ErrorTail(child.errors)
        state = Monitor(State(lastActivity: monotonicNanoseconds()))
        stuckNanoseconds = Int64(stuckSeconds * 1e9)
        _ = fcntl(child.input?.rawValue ?? -1, F_SETFL, O_NONBLOCK)
        _ = WorkerThread(name: "sftp-reader") { [self] in read() }
        try greet(isCancelled)
    }

    /// What the server announces to do beyond version 3.
    var extensions: [String: [UInt8]] { state.withLock { $0.version?.extensions ?? [:] } }

    /// Whether the session has ended.
    var hasFailed: Bool { state.withLock { $0.failure != nil } }

    /// Sends a request; its answer is waited for by the call.
    func send(_ request: SFTPRequest) throws -> SFTPCall {
        let id = try state.withLock { state throws -> UInt32 in
            if let failure = state.failure { throw failure }
            let id = state.nextID
            state.nextID &+= 1
            // The time without an answer begins with the first that waits.
            if state.awaited.isEmpty { state.lastActivity = monotonicNanoseconds() }
            state.awaited.insert(id)
            return id
        }
        let call = SFTPCall(channel: self, id: id)
        try write(request.encoded(id: id))
        return call
    }

    /// Sends a request and waits for its answer.
    func call(_ request: SFTPRequest) throws -> SFTPReply { try send(request).wait() }

    /// Ends the session; requests under way fail.
    func close() {
        state.change { $0.isClosing = true }
        writing.withLock { _ in try? child.input?.close() }
    }

    /// Waits for the answer to a request.
    func wait(for id: UInt32) throws -> SFTPReply {
        let outcome = state.wait { state -> Result<SFTPReply, StorageError>? in
            if let reply = state.replies.removeValue(forKey: id) { return .success(reply) }
            return state.failure.map { .failure($0) }
        }
        guard let outcome else { throw StorageError(.unavailable, "no answer") }
        return try outcome.get()
    }

    /// Says that nobody will take the answer to a request.
    func forget(_ id: UInt32) {
        state.withLock { state in
            if state.replies.removeValue(forKey: id) == nil, state.awaited.contains(id) { state.forgotten.insert(id) }
        }
    }
}

extension SFTPChannel {
    private func greet(_ isCancelled: () -> Bool) throws {
        state.withLock { _ = $0.awaited.insert(0) }
        try write(SFTPRequest.initial)
        while true {
            let outcome = state.wait(seconds: 0.2) { state -> Result<UInt32, StorageError>? in
                if let version = state.version { return .success(version.number) }
                return state.failure.map { .failure($0) }
            }
            if let outcome {
                let number = try outcome.get()
                guard number >= 3 else {
                    close()
                    throw StorageError(.other, "the server speaks version \(number) of SFTP; version 3 is needed")
                }
                return
            }
            if isCancelled() {
                fail(StorageError(.unavailable, "stopped while connecting"))
                throw StorageError(.unavailable, "stopped while connecting")
            }
        }
    }

    private func write(_ packet: [UInt8]) throws {
        try writing.withLock { _ throws in
            var done = 0
            while done < packet.count {
                if let failure = state.withLock({ $0.failure }) { throw failure }
                let number = child.input?.rawValue ?? -1
                var request = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
                let ready = unsafe poll(&request, 1, 1000)
                if ready == 0 || (ready < 0 && errno == EINTR) { continue }
                let count = unsafe packet.withUnsafeBytes { bytes in
                    unsafe Glibc.write(number, bytes.baseAddress.map { unsafe $0 + done }, bytes.count - done)
                }
                if count > 0 {
                    done += count
                } else if count < 0, errno != EAGAIN, errno != EINTR {
                    // What the program had to say comes with the end of its output, a moment later.
                    _ = state.wait(seconds: 5) { $0.failure.map { _ in () } }
                    throw state.withLock { $0.failure } ?? StorageError(.unavailable, "the connection has ended")
                }
            }
        }
    }

    /// Reads answers until the program's output ends.
    private func read() {
        var input = PacketInput(child.output)
        while true {
            do throws(SFTPFormatError) {
                switch try input.next(waitingMilliseconds: 500) {
                case .packet(let packet):
                    let (id, reply) = try SFTPReply.decode(packet)
                    try take(reply, id)
                case .nothing:
                    if let failure = stuck() { return fail(failure) }
                case .end:
                    return fail(nil)
                }
            } catch {
                return fail(StorageError(.other, "the server's answer is not SFTP: \(error)"))
            }
        }
    }

    private func take(_ reply: SFTPReply, _ id: UInt32?) throws(SFTPFormatError) {
        try state.change { (state) throws(SFTPFormatError) in
            state.lastActivity = monotonicNanoseconds()
            if case .version(let number, let extensions) = reply {
                guard state.version == nil else { throw SFTPFormatError("a second greeting") }
                state.version = (number, extensions)
                state.awaited.remove(0)
                return
            }
            guard state.version != nil, let id, state.awaited.remove(id) != nil else {
                throw SFTPFormatError("it answers a request that was not made")
            }
            if state.forgotten.remove(id) == nil { state.replies[id] = reply }
        }
    }

    private func stuck() -> StorageError? {
        state.withLock { state in
            if state.failure != nil { return StorageError(.unavailable, "the connection was given up") }
            let silence = monotonicNanoseconds() - state.lastActivity
            guard !state.isClosing, !state.awaited.isEmpty, silence > stuckNanoseconds else { return nil }
            return StorageError(
                .unavailable,
                "\(program.server) has not answered for \(silence / 1_000_000_000) s, so the connection was given up"
            )
        }
    }

    /// Ends the program, and all that wait with it.
    /// - Parameter known: what is wrong; without it the program ended by itself, and its last words tell.
    private func fail(_ known: StorageError?) {
        if known != nil { child.terminate() }
        let isClosing = state.withLock { $0.isClosing }
        var failure = known
        if failure == nil {
            let end = child.end(afterSeconds: 2)
            failure = program.failure(end, complaints: isClosing ? "" : complaints.text())
        }
        state.change { state in
            if state.failure == nil { state.failure = failure }
            state.awaited = []
            state.forgotten = []
        }
        if known != nil { _ = child.end(afterSeconds: 2) }
    }
}

/// A request whose answer is to come; one that goes out of use is not waited for.
final class SFTPCall {
    private let channel: SFTPChannel
    private let id: UInt32
    private var isTaken = false

    init(channel: SFTPChannel, id: UInt32) {
        self.channel = channel
        self.id = id
    }

    deinit { if !isTaken { channel.forget(id) } }

    /// Waits for the answer; to be called once.
    func wait() throws -> SFTPReply {
        isTaken = true
        return try channel.wait(for: id)
    }
}

/// Nanoseconds of a clock that never jumps.
func monotonicNanoseconds() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
