/// The range of `byteCount` bytes from `offset` in a buffer of `capacity`; throws `.bufferTooSmall` where it sticks out.
func bufferRange(offset: Int, byteCount: Int, capacity: Int) throws -> Range<Int> {
    guard offset >= 0, offset <= capacity, byteCount >= 0, byteCount <= capacity - offset else {
        throw ChunkingError(
            code: .bufferTooSmall,
            message: "\(byteCount) bytes at offset \(offset) do not fit into a buffer of \(capacity)"
        )
    }
    return offset..<offset + byteCount
}

/// Copies all the bytes to an offset of the buffer and returns their count; throws `.bufferTooSmall`.
func copy(_ input: RawSpan, into output: inout [UInt8], at offset: Int) throws -> Int {
    let range = try bufferRange(offset: offset, byteCount: input.byteCount, capacity: output.count)
    unsafe output.withUnsafeMutableBytes { output in
        unsafe input.withUnsafeBytes {
            unsafe UnsafeMutableRawBufferPointer(rebasing: output[range]).copyMemory(from: $0)
        }
    }
    return input.byteCount
}
