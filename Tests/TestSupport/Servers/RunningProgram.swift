internal import Foundation
internal import Glibc

/// A program that runs beside a test, and ends with it.
package final class RunningProgram: @unchecked Sendable {
    // The process object is used for its number and its end alone, after it was started.
    private let process = Process()
    private let log: URL

    /// Starts a program; what it prints goes to a file for messages.
    package init(_ arguments: [String], environment: [String: String]? = nil) throws {
        let path = URL(fileURLWithPath: NSTemporaryDirectory()).appendingPathComponent("holdfast-test-\(UUID()).log")
        _ = FileManager.default.createFile(atPath: path.path, contents: nil)
        log = path
        process.executableURL = URL(fileURLWithPath: arguments[0])
        process.arguments = Array(arguments.dropFirst())
        if let environment { process.environment = environment }
        process.standardInput = FileHandle.nullDevice
        let output = try FileHandle(forWritingTo: path)
        process.standardOutput = output
        process.standardError = output
        try process.run()
    }

    deinit { stop() }

    /// Whether it still runs.
    package var isRunning: Bool { process.isRunning }

    /// What it has printed.
    package var output: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

    /// Ends it, and waits for its end.
    package func stop() {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: log)
    }

    /// Runs a program to its end, which must be a success.
    package static func run(_ arguments: [String], environment: [String: String]? = nil) throws {
        let program = try RunningProgram(arguments, environment: environment)
        program.process.waitUntilExit()
        guard program.process.terminationStatus == 0 else {
            throw ServerFailure(description: "\(arguments): \(program.output)")
        }
    }
}

/// A server that could not be started.
package struct ServerFailure: Error, CustomStringConvertible {
    /// What went wrong.
    package var description: String
}

/// Starts a server on a port that is free, and waits until it listens there.
///
/// Another process may take the port in between; then it is tried again with another one.
func startOnFreePort(_ arguments: (UInt16) throws -> [String]) throws -> (UInt16, RunningProgram) {
    var complaint = ""
    for _ in 0..<5 {
        let port = try freePort()
        let program = try RunningProgram(arguments(port))
        for _ in 0..<1200 {
            if listens(port) { return (port, program) }
            if !program.isRunning { break }
            usleep(50_000)
        }
        complaint = program.output
        program.stop()
    }
    throw ServerFailure(description: "no server: \(complaint)")
}

private func freePort() throws -> UInt16 {
    let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(number) }
    var address = loopback(0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = unsafe withUnsafeMutablePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
            guard unsafe bind(number, pointer, length) == 0 else { return Int32(-1) }
            return unsafe getsockname(number, pointer, &length)
        }
    }
    guard result == 0 else { throw ServerFailure(description: "no free port: error \(errno)") }
    return UInt16(bigEndian: address.sin_port)
}

private func listens(_ port: UInt16) -> Bool {
    let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(number) }
    var address = loopback(port)
    return unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
            unsafe connect(number, pointer, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
}

private func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
}
