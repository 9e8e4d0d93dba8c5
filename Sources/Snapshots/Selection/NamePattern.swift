/// A pattern for one component of a path.
///
/// Most patterns are a name or an ending; those compare bytes and nothing else. The rest takes time proportional to the
/// product of both lengths at worst: only the last asterisk ever needs another try.
enum NamePattern: Hashable, Sendable {
    /// One part of a pattern that is neither a name, a beginning nor an ending.
    enum Token: Hashable, Sendable {
        case byte(UInt8)
        case anyByte
        case oneOf(ByteSet)
        case anyBytes
    }

    /// Any name.
    case anything
    /// Exactly this name.
    case exactly([UInt8])
    /// Names that begin so.
    case beginning([UInt8])
    /// Names that end so.
    case ending([UInt8])
    /// Whatever else.
    case tokens([Token])

    /// The simplest form of the pattern; letters must be folded already where case is to be ignored.
    init(_ tokens: [Token]) {
        func bytes(_ tokens: ArraySlice<Token>) -> [UInt8]? {
            var result: [UInt8] = []
            for token in tokens {
                guard case .byte(let byte) = token else { return nil }
                result.append(byte)
            }
            return result
        }
        if let name = bytes(tokens[...]) {
            self = .exactly(name)
        } else if tokens == [.anyBytes] {
            self = .anything
        } else if tokens.first == .anyBytes, let ending = bytes(tokens.dropFirst()) {
            self = .ending(ending)
        } else if tokens.last == .anyBytes, let beginning = bytes(tokens.dropLast()) {
            self = .beginning(beginning)
        } else {
            self = .tokens(tokens)
        }
    }

    /// Whether a component of the path, the bytes in `range`, fits.
    func matches(_ path: Span<UInt8>, _ range: Range<Int>, ignoringCase: Bool) -> Bool {
        switch self {
        case .anything:
            return true
        case .exactly(let name):
            return range.count == name.count && Self.equal(path, range.lowerBound, name, ignoringCase: ignoringCase)
        case .beginning(let name):
            return range.count >= name.count && Self.equal(path, range.lowerBound, name, ignoringCase: ignoringCase)
        case .ending(let name):
            return range.count >= name.count
                && Self.equal(path, range.upperBound - name.count, name, ignoringCase: ignoringCase)
        case .tokens(let tokens):
            return Self.match(path, range, tokens, ignoringCase: ignoringCase)
        }
    }

    private static func equal(_ path: Span<UInt8>, _ start: Int, _ name: [UInt8], ignoringCase: Bool) -> Bool {
        // From the end, where names differ sooner.
        for index in name.indices.reversed() {
            let byte = path[start + index]
            guard (ignoringCase ? byte.foldedASCII : byte) == name[index] else { return false }
        }
        return true
    }

    private static func match(_ path: Span<UInt8>, _ range: Range<Int>, _ tokens: [Token], ignoringCase: Bool) -> Bool {
        var token = 0
        var position = range.lowerBound
        // After the last asterisk so far, and where the part behind it was tried.
        var retry: (token: Int, position: Int)?
        while true {
            if token < tokens.count, tokens[token] == .anyBytes {
                token += 1
                retry = (token, position)
                continue
            }
            if position == range.upperBound, token == tokens.count { return true }
            if position < range.upperBound, token < tokens.count,
                fits(path[position], tokens[token], ignoringCase: ignoringCase)
            {
                token += 1
                position += 1
                continue
            }
            guard let last = retry, last.position < range.upperBound else { return false }
            retry = (last.token, last.position + 1)
            token = last.token
            position = last.position + 1
        }
    }

    private static func fits(_ byte: UInt8, _ token: Token, ignoringCase: Bool) -> Bool {
        switch token {
        case .byte(let wanted): (ignoringCase ? byte.foldedASCII : byte) == wanted
        case .anyByte, .anyBytes: true
        case .oneOf(let set): set.contains(byte)
        }
    }
}
