/// Patterns in order, of which the last one that fits a path decides.
///
/// One path at a time is judged: whoever walks a tree does not enter an excluded directory, and so nothing below it can
/// be taken back in, as with git. For a directory with a pattern file of its own, a copy of the parent's list with that
/// file appended holds for all below it.
package struct PatternList: Sendable {
    /// What the patterns say of a path.
    package enum Decision: Hashable, Sendable {
        /// The last pattern that fits excludes it.
        case excluded
        /// The last pattern that fits takes it in: one with `!`.
        case included
        /// No pattern fits.
        case undecided
    }

    /// Patterns of one file: they hold below its directory, its base.
    private struct Group: Sendable {
        var base: [UInt8]
        var patterns: [PathPattern]
    }

    private let ignoresCase: Bool
    private let isFloating: Bool
    private var groups: [Group] = []

    /// A list without patterns; case is ignored in ASCII letters alone.
    ///
    /// - Parameter isFloating: whether patterns with slashes fit at any depth unless they begin with one. So it is on
    ///   command lines, where nobody means the root of the file system by `build/output`.
    package init(ignoringCase: Bool = false, isFloating: Bool = false) {
        ignoresCase = ignoringCase
        self.isFloating = isFloating
    }

    /// Reads the contents of a pattern file in the directory `base`; see `append(parsing:base:)`.
    package init(parsing contents: [UInt8], base: [UInt8] = [], ignoringCase: Bool = false) {
        self.init(ignoringCase: ignoringCase)
        append(parsing: contents, base: base)
    }

    /// Whether there are no patterns.
    package var isEmpty: Bool { groups.isEmpty }

    /// All patterns, in order.
    package var patterns: [PathPattern] { groups.flatMap(\.patterns) }

    /// Appends the contents of a pattern file: a pattern a line, ended by LF or CR LF; a byte order mark is skipped.
    ///
    /// The base is the path of the file's directory, with the root as no bytes, in the form that paths have here.
    package mutating func append(parsing contents: [UInt8], base: [UInt8] = []) {
        let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]
        let text = contents.starts(with: byteOrderMark) ? contents[byteOrderMark.count...] : contents[...]
        let patterns = text.split(separator: UInt8(ascii: "\n")).compactMap { line in
            PathPattern(
                line: line.last == UInt8(ascii: "\r") ? line.dropLast() : line,
                ignoringCase: ignoresCase,
                isFloating: isFloating
            )
        }
        append(patterns, base: base)
    }

    /// Appends patterns from text, as on a command line.
    package mutating func append(_ lines: [String], base: [UInt8] = []) {
        let patterns = lines.compactMap {
            PathPattern(line: $0.utf8, ignoringCase: ignoresCase, isFloating: isFloating)
        }
        append(patterns, base: base)
    }

    private mutating func append(_ patterns: [PathPattern], base: [UInt8]) {
        guard !patterns.isEmpty else { return }
        if let last = groups.last, last.base == base {
            groups[groups.count - 1].patterns += patterns
        } else {
            groups.append(Group(base: base, patterns: patterns))
        }
    }

    /// What the patterns say of a path, given relative to the root with `/` between components; of the root, nothing.
    package func decision(for path: Span<UInt8>, isDirectory: Bool) -> Decision {
        guard let pattern = decidingPattern(for: path, isDirectory: isDirectory) else { return .undecided }
        return pattern.isNegated ? .included : .excluded
    }

    /// The same, for a path in an array.
    package func decision(for path: [UInt8], isDirectory: Bool) -> Decision {
        decision(for: path.span, isDirectory: isDirectory)
    }

    /// The last pattern that fits, to tell a user why.
    package func decidingPattern(for path: Span<UInt8>, isDirectory: Bool) -> PathPattern? {
        guard !path.isEmpty, !groups.isEmpty else { return nil }
        var nameStart = path.count
        while nameStart > 0, path[nameStart - 1] != UInt8(ascii: "/") { nameStart -= 1 }
        for group in groups.reversed() {
            guard let start = start(of: path, below: group.base) else { continue }
            for pattern in group.patterns.reversed()
            where pattern.matches(path, from: start, nameStart: nameStart, isDirectory: isDirectory) {
                return pattern
            }
        }
        return nil
    }

    /// Where the part relative to the base begins; nil for a path that is not below it.
    private func start(of path: Span<UInt8>, below base: [UInt8]) -> Int? {
        guard !base.isEmpty else { return 0 }
        guard path.count > base.count + 1, path[base.count] == UInt8(ascii: "/") else { return nil }
        return base.indices.allSatisfy { path[$0] == base[$0] } ? base.count + 1 : nil
    }
}
