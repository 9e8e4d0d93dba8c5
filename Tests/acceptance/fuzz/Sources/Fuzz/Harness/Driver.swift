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

@_silgen_name("LLVMFuzzerMutate")
private func mutateBytes(_ data: UnsafeMutablePointer<UInt8>?, _ count: Int, _ limit: Int) -> Int

/// What libFuzzer calls to change an input: half of the time the target's shape is respected.
@_cdecl("LLVMFuzzerCustomMutator")
func mutateInput(_ data: UnsafeMutablePointer<UInt8>?, _ count: Int, _ limit: Int, _ seed: UInt32) -> Int {
    guard seed & 1 != 0, let target = unsafe running else { return unsafe mutateBytes(data, count, limit) }
    let input = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    let shape = type(of: target).shape(of: input)
    if case .bytes = shape { return unsafe mutateBytes(data, count, limit) }
    var mutator = ShapeMutator(seed: seed) { part, limit in
        var buffer = part + [UInt8](repeating: 0, count: max(1, limit - part.count))
        let room = buffer.count
        let count = unsafe buffer.withUnsafeMutableBufferPointer {
            unsafe mutateBytes($0.baseAddress, part.count, room)
        }
        return Array(buffer.prefix(count))
    }
    let output = mutator.mutate(input, shape).prefix(limit)
    guard !output.isEmpty, let data = unsafe data else { return unsafe mutateBytes(data, count, limit) }
    for (index, byte) in output.enumerated() { unsafe data[index] = byte }
    return output.count
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
