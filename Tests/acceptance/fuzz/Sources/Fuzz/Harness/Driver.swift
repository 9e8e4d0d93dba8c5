import Glibc

/// The target that libFuzzer calls; it calls from the main thread alone, which has set it before.
nonisolated(unsafe) private var running: (any FuzzTarget)?

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Runs a target under libFuzzer.
///
/// - Parameter arguments: options and corpus directories, as libFuzzer's manual has them.
/// - Returns: the exit status.
func fuzz(_ type: any FuzzTarget.Type, arguments: [String]) throws -> CInt {
    let target = try type.init()
    unsafe running = target
    // libFuzzer writes to the list, and keeps it to the end of the process.
    let list = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: arguments.count + 2)
    unsafe list.initialize(repeating: nil, count: arguments.count + 2)
    for (index, argument) in (["fuzz"] + arguments).enumerated() { unsafe list[index] = strdup(argument) }
    var count = CInt(arguments.count + 1)
    var vector = unsafe list
    return unsafe runDriver(&count, &vector) { start, count in
        unsafe check(Array(UnsafeBufferPointer(start: start, count: count)))
        return 0
    }
}

private func check(_ input: [UInt8]) {
    do {
        try unsafe running?.run(input)
    } catch {
        // Ends the process by a signal, so that libFuzzer keeps the input.
        report(error)
        abort()
    }
}

/// Says what a target has found.
func report(_ error: any Error) {
    let message = (error as? Finding)?.message ?? "an error that the target should have caught: \(error)"
    writeLine("FINDING: \(message)", to: STDERR_FILENO)
}

/// Writes a line at once, so that it is not lost when the process is killed.
func writeLine(_ text: String, to file: CInt) {
    var line = text + "\n"
    line.withUTF8 { bytes in _ = unsafe write(file, bytes.baseAddress, bytes.count) }
}
