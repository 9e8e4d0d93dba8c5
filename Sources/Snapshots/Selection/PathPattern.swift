/// One pattern in the syntax of gitignore, compiled.
///
/// Works on raw bytes, for names need not be UTF-8. Where git's implementation departs from its manual the manual
/// holds: in `name**/x` the asterisks are ordinary ones.
package struct PathPattern: Hashable, Sendable {
    /// What a pattern asks of a path.
    enum Form: Hashable, Sendable {
        /// Nothing fits: an unfinished bracket expression, or a backslash at the end.
        case nothing
        /// A name at any depth.
        case name(NamePattern)
        /// All components, from the base on.
        case path([Step])
    }

    /// What an anchored pattern asks of the next components.
    enum Step: Hashable, Sendable {
        /// One that fits.
        case component(NamePattern)
        /// Any number of them.
        case components(mayBeNone: Bool)
    }

    /// The pattern as it was written, without the spaces that do not count.
    package let source: [UInt8]
    /// Whether it takes paths back in that an earlier pattern excluded.
    package let isNegated: Bool
    /// Whether it fits directories alone.
    package let isForDirectories: Bool
    private let ignoresCase: Bool
    private let form: Form

    /// Whether any path can fit; false for patterns with a mistake, of which a user wants to know.
    package var canMatch: Bool { form != .nothing }

    /// Compiles a line of a pattern file, without its line feed; nil for comments and lines with nothing in them.
    ///
    /// - Parameter isFloating: whether a pattern with slashes fits at any depth if it does not begin with one, rather than
    ///   from the base on.
    package init?(line: some Sequence<UInt8>, ignoringCase: Bool = false, isFloating: Bool = false) {
        let line = PatternSyntax.trimmed(Array(line))
        guard !line.isEmpty, line.first != UInt8(ascii: "#") else { return nil }
        source = line
        isNegated = line.first == UInt8(ascii: "!")
        var body = line[...].dropFirst(isNegated ? 1 : 0)
        isForDirectories = body.last == UInt8(ascii: "/")
        if isForDirectories { body = body.dropLast() }
        ignoresCase = ignoringCase
        if isFloating { while body.starts(with: "./".utf8) { body = body.dropFirst(2) } }
        let form = PatternSyntax.form(of: body, ignoringCase: ignoringCase)
        if isFloating, body.first != UInt8(ascii: "/"), case .path(let steps) = form {
            self.form = .path([.components(mayBeNone: true)] + steps)
        } else {
            self.form = form
        }
    }

    /// Compiles a pattern from text, as on a command line; nil for comments and empty text.
    package init?(_ text: String, ignoringCase: Bool = false) {
        self.init(line: text.utf8, ignoringCase: ignoringCase)
    }

    /// Whether a path fits, relative to the pattern's base, with neither slash nor dot components at its ends.
    package func matches(_ path: Span<UInt8>, isDirectory: Bool) -> Bool {
        let nameStart = path.indices.last { path[$0] == UInt8(ascii: "/") }.map { $0 + 1 } ?? 0
        return matches(path, from: 0, nameStart: nameStart, isDirectory: isDirectory)
    }

    /// Whether a path fits whose part relative to the base begins at `start`, its last component at `nameStart`.
    func matches(_ path: Span<UInt8>, from start: Int, nameStart: Int, isDirectory: Bool) -> Bool {
        guard isDirectory || !isForDirectories else { return false }
        switch form {
        case .nothing: return false
        case .name(let pattern): return pattern.matches(path, nameStart..<path.count, ignoringCase: ignoresCase)
        case .path(let steps): return matches(path, from: start, steps)
        }
    }

    /// Only the last `**` ever needs another try, so that the time is bounded as for one component.
    private func matches(_ path: Span<UInt8>, from start: Int, _ steps: [Step]) -> Bool {
        // The position of the component to come; beyond the count when there is none.
        var position = start
        var step = 0
        var retry: (step: Int, position: Int)?
        func end(ofComponentAt position: Int) -> Int {
            var end = position
            while end < path.count, path[end] != UInt8(ascii: "/") { end += 1 }
            return end
        }
        while true {
            if step == steps.count {
                if position > path.count { return true }
            } else if case .components(let mayBeNone) = steps[step] {
                if mayBeNone || position <= path.count {
                    if !mayBeNone { position = end(ofComponentAt: position) + 1 }
                    step += 1
                    if step == steps.count { return true }
                    retry = (step, position)
                    continue
                }
            } else if case .component(let pattern) = steps[step], position <= path.count {
                let end = end(ofComponentAt: position)
                if pattern.matches(path, position..<end, ignoringCase: ignoresCase) {
                    step += 1
                    position = end + 1
                    continue
                }
            }
            guard let last = retry, last.position <= path.count else { return false }
            position = end(ofComponentAt: last.position) + 1
            step = last.step
            retry = (step, position)
        }
    }
}
