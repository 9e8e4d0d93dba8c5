import Chunking
import Records
import Repository

/// Cuts the content of files into chunks and stores them, a stretch at a time; memory is two chunks.
final class ExtentCutter {
    private let sink: PageSink
    private var chunker: Chunker
    private let maximum: Int
    private var buffer: [UInt8]
    private var start = 0
    private var end = 0

    /// Cuts by a chunker that nobody else uses.
    init(sink: PageSink, chunker: consuming Chunker) {
        self.sink = sink
        maximum = chunker.parameters.maximum
        buffer = [UInt8](repeating: 0, count: 2 * chunker.parameters.maximum)
        self.chunker = chunker
    }

    /// Takes the next bytes of a stretch; full chunks go to the list.
    func append(_ bytes: RawSpan, to extents: ExtentTreeBuilder) throws {
        var rest = bytes
        while rest.byteCount > 0 {
            let count = min(rest.byteCount, buffer.count - end)
            let place = end..<(end + count)
            unsafe rest.withUnsafeBytes { source in
                unsafe buffer.withUnsafeMutableBytes { target in
                    unsafe UnsafeMutableRawBufferPointer(rebasing: target[place])
                        .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[..<count]))
                }
            }
            end += count
            rest = rest.extracting(droppingFirst: count)
            while end - start >= maximum { try cut(extents) }
            if end == buffer.count { compact() }
        }
    }

    /// Ends a stretch.
    func finish(_ extents: ExtentTreeBuilder) throws {
        while end > start { try cut(extents) }
        (start, end) = (0, 0)
    }

    /// Forgets what was not stored yet.
    func reset() { (start, end) = (0, 0) }

    private func cut(_ extents: ExtentTreeBuilder) throws {
        let bytes = buffer
        let length = try unsafe chunker.firstCut(in: bytes.span.bytes.extracting(start..<end))
        let id = try unsafe sink.store(bytes.span.bytes.extracting(start..<(start + length)), type: .data)
        try extents.append(.chunk(id, offset: 0, length: UInt64(length)))
        start += length
    }

    private func compact() {
        guard start > 0 else { return }
        for index in start..<end { buffer[index - start] = buffer[index] }
        (start, end) = (0, end - start)
    }
}
