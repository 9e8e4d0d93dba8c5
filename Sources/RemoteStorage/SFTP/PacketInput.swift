internal import FileSystem
internal import Glibc

/// Cuts what a program prints into packets: a length of four bytes, and as many bytes.
struct PacketInput {
    enum Outcome {
        case packet([UInt8])
        /// Nothing whole came within the time.
        case nothing
        case end
    }

    private let source: Descriptor
    private var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    private var start = 0
    private var end = 0

    init(_ source: Descriptor) { self.source = source }

    /// The next packet without its length.
    mutating func next(waitingMilliseconds timeout: Int32) throws(SFTPFormatError) -> Outcome {
        while true {
            if let packet = try wholePacket() { return .packet(packet) }
            var request = pollfd(fd: source.rawValue, events: Int16(POLLIN), revents: 0)
            let ready = unsafe poll(&request, 1, timeout)
            if ready == 0 || (ready < 0 && errno == EINTR) { return .nothing }
            let position = end
            let count = unsafe buffer.withUnsafeMutableBytes { bytes in
                unsafe Glibc.read(
                    source.rawValue,
                    bytes.baseAddress.map { unsafe $0 + position },
                    bytes.count - position
                )
            }
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            if count <= 0 { return .end }
            end += count
        }
    }

    private mutating func wholePacket() throws(SFTPFormatError) -> [UInt8]? {
        guard end - start >= 4 else {
            compact(for: 4)
            return nil
        }
        var count = 0
        for byte in buffer[start..<start + 4] { count = count << 8 | Int(byte) }
        guard count >= 1, count <= SFTPReply.maximumByteCount else {
            let text = buffer[start..<min(end, start + 60)]
            if text.allSatisfy({ $0 < 0x7F && ($0 >= 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09) }) {
                throw SFTPFormatError(
                    "it begins with the text \"\(printable(Array(text)))\"; does a start-up file of the shell there print?"
                )
            }
            throw SFTPFormatError("a packet of \(count) bytes")
        }
        guard end - start >= 4 + count else {
            compact(for: 4 + count)
            return nil
        }
        defer {
            start += 4 + count
            if start == end { (start, end) = (0, 0) }
        }
        return Array(buffer[start + 4..<start + 4 + count])
    }

    /// Makes room for a packet of so many bytes.
    private mutating func compact(for count: Int) {
        guard buffer.count - start < count else { return }
        buffer.replaceSubrange(0..<end - start, with: Array(buffer[start..<end]))
        (start, end) = (0, end - start)
        if buffer.count < count { buffer += [UInt8](repeating: 0, count: count - buffer.count) }
    }
}
