import FileSystem

/// Splits a sparse file into stretches of data and holes, in order, covering it to its end.
final class HoleWalk {
    /// A stretch.
    struct Stretch {
        var range: Range<Int64>
        var isHole: Bool
    }

    private let file: Descriptor
    private let size: Int64
    private var position: Int64 = 0
    private var data: Range<Int64>?
    private var isAtEnd = false

    init(_ file: Descriptor, size: Int64) {
        self.file = file
        self.size = size
    }

    /// Whether there is any hole; the file system may allocate less for other reasons, such as compression.
    func hasHoles() throws -> Bool { try file.dataRange(from: 0, to: size) != 0..<size }

    /// The next stretch.
    func next() throws -> Stretch? {
        if let range = data {
            data = nil
            position = range.upperBound
            return Stretch(range: range, isHole: false)
        }
        guard !isAtEnd, position < size else { return nil }
        guard let range = try file.dataRange(from: position, to: size) else {
            isAtEnd = true
            return Stretch(range: position..<size, isHole: true)
        }
        if range.lowerBound > position {
            data = range
            return Stretch(range: position..<range.lowerBound, isHole: true)
        }
        position = range.upperBound
        return Stretch(range: range, isHole: false)
    }
}
