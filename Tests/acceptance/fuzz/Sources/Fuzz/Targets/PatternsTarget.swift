import Cryptography

@testable import Snapshots

/// Pattern files and paths: parsing, matching, and that both take time in proportion.
final class PatternsTarget: FuzzTarget {
    static let name = "patterns"
    static let parsers = [
        "Snapshots/Selection/BracketExpression.swift", "Snapshots/Selection/ByteSet.swift",
        "Snapshots/Selection/NamePattern.swift", "Snapshots/Selection/PathPattern.swift",
        "Snapshots/Selection/PatternList.swift", "Snapshots/Selection/PatternSyntax.swift",
    ]
    // One second for what takes microseconds: an input that takes exponential time is a finding.
    static let options = ["-max_len=1024", "-timeout=2"]

    /// A byte of flags, a base and a path as blocks, then the pattern file.
    func run(_ input: [UInt8]) throws {
        var input = InputReader(input)
        let flags = input.byte()
        let ignoresCase = flags & 1 != 0
        let base = flags & 2 != 0 ? input.block() : []
        let path = input.block()
        let contents = input.remainder()
        let list = PatternList(parsing: contents, base: base, ignoringCase: ignoresCase)
        let isDirectory = flags & 4 != 0
        let decision = list.decision(for: path, isDirectory: isDirectory)
        let deciding = list.decidingPattern(for: path.span, isDirectory: isDirectory)
        try require((deciding == nil) == (decision == .undecided), "a decision without its pattern")
        if let deciding {
            try require(deciding.isNegated == (decision == .included), "a pattern decides the contrary")
            try require(deciding.canMatch, "a pattern decides that cannot fit")
            try require(isDirectory || !deciding.isForDirectories, "a pattern for directories fits a file")
        }
        try checkLast(list, path, base, isDirectory, decision)
        // A second list with the same text, given line by line, says the same.
        guard let text = String(validating: contents, as: UTF8.self), !text.utf8.starts(with: [0xEF, 0xBB, 0xBF]) else {
            return
        }
        var lines = PatternList(ignoringCase: ignoresCase)
        let separated = contents.split(separator: 0x0A).map { $0.last == 0x0D ? $0.dropLast() : $0 }
        lines.append(separated.map { String(decoding: $0, as: UTF8.self) }, base: base)
        try require(
            lines.decision(for: path, isDirectory: isDirectory) == decision,
            "patterns mean something else when given line by line"
        )
    }

    /// The last pattern that fits decides, and no later one fits.
    private func checkLast(
        _ list: PatternList,
        _ path: [UInt8],
        _ base: [UInt8],
        _ isDirectory: Bool,
        _ decision: PatternList.Decision
    ) throws {
        guard base.isEmpty, !path.isEmpty else { return }
        let last = list.patterns.last { $0.matches(path.span, isDirectory: isDirectory) }
        let expected: PatternList.Decision = last.map { $0.isNegated ? .included : .excluded } ?? .undecided
        try require(decision == expected, "another pattern than the last one that fits decides")
        for pattern in list.patterns {
            try require(
                pattern.canMatch || !pattern.matches(path.span, isDirectory: isDirectory),
                "a pattern fits that cannot"
            )
        }
    }

    func seeds() throws -> [[UInt8]] {
        let patterns = """
            # a comment
            *.o
            !keep.o
            /build/
            doc/**/*.txt
            **/cache
            logs/**
            a?c[a-z][!x-z][^0-9]
            [[:alpha:]][[:digit:]][[:space:]][]a-]
            \\#literal
            \\!also\\ trailing\\
            trailing \\ \t
            foo/*bar*baz*/qux
            **
            [unfinished
            [[:nothing:]]
            x[\\]-a]y
            """
        let bracketClasses = ["alnum", "blank", "cntrl", "graph", "lower", "print", "punct", "upper", "xdigit"]
        let classes = bracketClasses.map { "[[:\($0):]]" }.joined(separator: "\n") + "\nt[[:upper:]"
        let paths = [
            "a.o", "src/keep.o", "build/x", "doc/a/b/c.txt", "x/cache", "logs/1", "abcd5", "foo/1bar2baz3/qux", "t",
        ]
        var seeds: [[UInt8]] = []
        for (number, path) in paths.enumerated() {
            for text in [patterns, classes] {
                var input = InputWriter()
                let flags = UInt8(number % 8)
                input.byte(flags)
                if flags & 2 != 0 { input.block(Array("src".utf8)) }
                input.block(Array((flags & 2 != 0 ? "src/" + path : path).utf8))
                input.raw(Array((number == 1 ? text.split(separator: "\n").joined(separator: "\r\n") : text).utf8))
                seeds.append(input.bytes)
            }
        }
        // What takes exponential time where an asterisk is tried over and over.
        let stars = String(repeating: "*a", count: 40) + "/" + String(repeating: "**/*a*/", count: 12) + "b"
        var slow = InputWriter()
        slow.byte(0)
        slow.block(Array((String(repeating: "a", count: 200) + "/" + String(repeating: "aa/", count: 60) + "a").utf8))
        slow.raw([0xEF, 0xBB, 0xBF] + Array(stars.utf8))
        return seeds + [slow.bytes]
    }
}
