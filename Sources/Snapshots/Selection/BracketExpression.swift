/// Reads bracket expressions of patterns, `[a-z]`, `[!a]`, `[[:digit:]]`, as git does.
enum BracketExpression {
    /// Reads an expression whose `[` stands before `position`, and moves that behind its `]`.
    ///
    /// Returns nil where it has no end or names an unknown class: then the whole pattern matches nothing.
    static func read(_ pattern: ArraySlice<UInt8>, at position: inout Int, ignoringCase: Bool) -> ByteSet? {
        var set = ByteSet()
        func byte(at index: Int) -> UInt8? { index < pattern.endIndex ? pattern[index] : nil }

        let isNegated = byte(at: position) == UInt8(ascii: "!") || byte(at: position) == UInt8(ascii: "^")
        if isNegated { position += 1 }
        // A `]` that comes first stands for itself; a range needs a single byte before its hyphen.
        var rangeStart: UInt8?
        repeat {
            guard let next = byte(at: position) else { return nil }
            let following = byte(at: position + 1)
            if next == UInt8(ascii: "-"), let start = rangeStart, let end = following, end != UInt8(ascii: "]") {
                position += 1
                guard let end = literal(in: pattern, at: &position) else { return nil }
                if start <= end { set.insert { start...end ~= $0 } }
                rangeStart = nil
            } else if next == UInt8(ascii: "["), following == UInt8(ascii: ":") {
                guard let close = pattern[(position + 2)...].firstIndex(of: UInt8(ascii: "]")) else { return nil }
                if close > position + 2, pattern[close - 1] == UInt8(ascii: ":") {
                    guard let members = characterClass(pattern[(position + 2)..<(close - 1)]) else { return nil }
                    set.insert(where: members)
                    rangeStart = nil
                    position = close + 1
                } else {
                    set.insert(next)
                    rangeStart = next
                    position += 1
                }
            } else {
                guard let single = literal(in: pattern, at: &position) else { return nil }
                set.insert(single)
                rangeStart = single
            }
        } while byte(at: position) != UInt8(ascii: "]")
        position += 1

        if ignoringCase {
            let folded = set
            set.insert { folded.contains($0.foldedASCII) || folded.contains($0.raisedASCII) }
        }
        return isNegated ? set.inverted : set
    }

    /// One byte, or the byte after a backslash; nil at the end of the pattern.
    private static func literal(in pattern: ArraySlice<UInt8>, at position: inout Int) -> UInt8? {
        if position < pattern.endIndex, pattern[position] == UInt8(ascii: "\\") { position += 1 }
        guard position < pattern.endIndex else { return nil }
        defer { position += 1 }
        return pattern[position]
    }

    /// The members of a class of POSIX in ASCII; nil for an unknown name.
    ///
    /// Git's `space` lacks vertical tab and form feed, and so does this one.
    private static func characterClass(_ name: ArraySlice<UInt8>) -> ((UInt8) -> Bool)? {
        func isAlphabetic(_ byte: UInt8) -> Bool { 0x61...0x7a ~= byte | 0x20 }
        func isDigit(_ byte: UInt8) -> Bool { 0x30...0x39 ~= byte }
        switch String(decoding: name, as: UTF8.self) {
        case "alnum": return { isAlphabetic($0) || isDigit($0) }
        case "alpha": return isAlphabetic
        case "blank": return { $0 == 0x20 || $0 == 0x09 }
        case "cntrl": return { $0 < 0x20 || $0 == 0x7f }
        case "digit": return isDigit
        case "graph": return { 0x21...0x7e ~= $0 }
        case "lower": return { 0x61...0x7a ~= $0 }
        case "print": return { 0x20...0x7e ~= $0 }
        case "punct": return { 0x21...0x7e ~= $0 && !isAlphabetic($0) && !isDigit($0) }
        case "space": return { [0x09, 0x0a, 0x0d, 0x20].contains($0) }
        case "upper": return { 0x41...0x5a ~= $0 }
        case "xdigit": return { isDigit($0) || 0x61...0x66 ~= $0 | 0x20 }
        default: return nil
        }
    }
}
