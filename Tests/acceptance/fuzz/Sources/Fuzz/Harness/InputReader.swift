/// Takes an input apart where a target needs more than one part; reads zeros after its end.
struct InputReader {
    private var rest: ArraySlice<UInt8>

    init(_ input: [UInt8]) { rest = input[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    /// A number below `bound`.
    mutating func choice(_ bound: Int) -> Int { Int(byte()) % bound }

    /// An integer of so many bytes, least significant first.
    mutating func integer(_ byteCount: Int) -> UInt64 {
        (0..<byteCount).reduce(0) { $0 | UInt64(byte()) << UInt64(8 * $1) }
    }

    /// As many bytes as two bytes before them say, or fewer at the end.
    mutating func block() -> [UInt8] { take(Int(integer(2))) }

    /// So many bytes, or fewer at the end.
    mutating func take(_ count: Int) -> [UInt8] {
        let taken = rest.prefix(count)
        rest = rest.dropFirst(count)
        return Array(taken)
    }

    /// All that is left.
    mutating func remainder() -> [UInt8] { take(rest.count) }
}

/// Makes inputs that `InputReader` takes apart.
struct InputWriter {
    private(set) var bytes: [UInt8] = []

    mutating func byte(_ value: UInt8) { bytes.append(value) }

    mutating func integer(_ value: UInt64, _ byteCount: Int) {
        for index in 0..<byteCount { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
    }

    mutating func block(_ value: [UInt8]) {
        integer(UInt64(value.count), 2)
        bytes += value.prefix(0xffff)
    }

    mutating func raw(_ value: [UInt8]) { bytes += value }
}
