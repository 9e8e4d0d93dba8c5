/// Reads the syntax of gitignore (gitignore(5), "Pattern format").
enum PatternSyntax {
    /// The line without trailing spaces, save those that a backslash protects.
    static func trimmed(_ line: [UInt8]) -> [UInt8] {
        var end = 0
        var index = 0
        while index < line.count {
            switch line[index] {
            case UInt8(ascii: " "):
                index += 1
                continue
            case UInt8(ascii: "\\"):
                // Git leaves a line alone that ends with a backslash, spaces before it or not.
                index += 2
            default:
                index += 1
            }
            end = index
        }
        return Array(line[..<min(end, line.count)])
    }

    /// Compiles a pattern without its `!` and without its slash at the end.
    static func form(of body: ArraySlice<UInt8>, ignoringCase: Bool) -> PathPattern.Form {
        guard body.contains(UInt8(ascii: "/")) else {
            var position = body.startIndex
            guard let tokens = component(body, at: &position, ignoringCase: ignoringCase) else { return .nothing }
            return .name(NamePattern(tokens))
        }
        var position = body.startIndex
        if body.first == UInt8(ascii: "/") { position += 1 }
        var steps: [PathPattern.Step] = []
        while true {
            if let behind = doubleAsterisk(body, at: position) {
                position = behind
                // At the end it needs something to fit; before a slash that is escaped git asks for something as well.
                steps.append(.components(mayBeNone: body[position...].first == UInt8(ascii: "/")))
            } else {
                guard let tokens = component(body, at: &position, ignoringCase: ignoringCase) else { return .nothing }
                steps.append(.component(NamePattern(tokens)))
            }
            guard position < body.endIndex else { return .path(steps) }
            position += body[position] == UInt8(ascii: "/") ? 1 : 2
        }
    }

    /// Where two or more asterisks end that make up a whole component; nil for anything else.
    private static func doubleAsterisk(_ body: ArraySlice<UInt8>, at start: Int) -> Int? {
        let end = body[start...].firstIndex { $0 != UInt8(ascii: "*") } ?? body.endIndex
        return end - start >= 2 && isEnd(body, end) ? end : nil
    }

    /// Whether a component ends here: at a slash, escaped or not, or with the pattern.
    private static func isEnd(_ body: ArraySlice<UInt8>, _ position: Int) -> Bool {
        body[position...].first.map { first in
            first == UInt8(ascii: "/")
                || (first == UInt8(ascii: "\\") && body[(position + 1)...].first == UInt8(ascii: "/"))
        } ?? true
    }

    /// Reads one component, and moves the position to the slash behind it; nil where it can match nothing.
    private static func component(
        _ body: ArraySlice<UInt8>,
        at position: inout Int,
        ignoringCase: Bool
    ) -> [NamePattern.Token]? {
        var tokens: [NamePattern.Token] = []
        while !isEnd(body, position) {
            let byte = body[position]
            position += 1
            switch byte {
            case UInt8(ascii: "*"):
                if tokens.last != .anyBytes { tokens.append(.anyBytes) }
            case UInt8(ascii: "?"):
                tokens.append(.anyByte)
            case UInt8(ascii: "["):
                guard let set = BracketExpression.read(body, at: &position, ignoringCase: ignoringCase) else {
                    return nil
                }
                tokens.append(.oneOf(set))
            case UInt8(ascii: "\\"):
                guard position < body.endIndex else { return nil }
                tokens.append(.byte(ignoringCase ? body[position].foldedASCII : body[position]))
                position += 1
            default:
                tokens.append(.byte(ignoringCase ? byte.foldedASCII : byte))
            }
        }
        return tokens
    }
}
