import Foundation
import Snapshots
import TestSupport
import Testing

/// Compares decisions with those of git itself, which has to be installed.
struct PatternGitTests {
    private static let names: [[UInt8]] =
        ["a", "b", "ab", "ba", "abc", "a.c", "b.c", ".c", "A", "-", "]", "[", "a b", "a ", "*", "\\a", "!a", "#a", "é"]
        .map { Array($0.utf8) } + [[0x61, 0xff]]

    private static let pieces = [
        "a", "b", "c", "ab", ".c", "*", "*", "**", "?", "/", "/", "/**/", "**/", "/**", "[ab]", "[!a]", "[^b]", "[a-c]",
        "[]a]", "[a", "[[:alpha:]]", "[![:alpha:]b]", "[[:a]", "[a-]", "[c-a]", "\\a", "\\*", "\\", "\\/", " ", "\\ ",
        "!", "#", "-",
        "\u{e9}", "A", "***",
    ]

    /// A directory of the test repository, with a pattern file and perhaps another one below.
    private struct Case {
        var directory: String
        var patterns: [String]
        var nestedPatterns: [String]

        var files: [(base: [UInt8], patterns: [String])] {
            [(Array(directory.utf8), patterns), (Array("\(directory)/a".utf8), nestedPatterns)]
        }
    }

    /// Paths below each case's directory, with all the directories on the way.
    private struct Tree {
        var directories: [[UInt8]] = []
        var files: [[UInt8]] = []
    }

    @Test(arguments: [false, true])
    func decidesLikeGit(ignoringCase: Bool) throws {
        var random = SeededGenerator(seed: ignoringCase ? 62 : 61)
        let tree = Self.tree(&random)
        let written = PatternTests.table.map(\.0).filter { !Self.gitReadsDifferently($0) }
        var cases = written.enumerated().map { Case(directory: "t\($0)", patterns: [$1], nestedPatterns: []) }
        for index in 0..<150 {
            cases.append(
                Case(
                    directory: "r\(index)",
                    patterns: (0...random.next() % 4).map { _ in Self.pattern(&random, ignoringCase: ignoringCase) },
                    nestedPatterns: random.next() % 3 > 0
                        ? [] : (0...random.next() % 2).map { _ in Self.pattern(&random, ignoringCase: ignoringCase) }
                )
            )
        }

        let root = FileManager.default.temporaryDirectory.appending(path: "patterns-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: root) }
        _ = try Self.git(["init", "-q"], in: root)
        var expected: Set<[UInt8]> = []
        var paths: [[UInt8]] = []
        for item in cases {
            let base = Array(item.directory.utf8) + [UInt8(ascii: "/")]
            // git asks the file system whether a path is a directory, so those must exist; files need not.
            for directory in [[]] + tree.directories {
                try Self.makeDirectory(Array(root.utf8) + [0x2f] + base + directory)
            }
            var list = PatternList(ignoringCase: ignoringCase)
            for (directory, patterns) in item.files where !patterns.isEmpty {
                let contents = Array(patterns.joined(separator: "\n").utf8)
                let file = "\(root)/\(String(decoding: directory, as: UTF8.self))/.gitignore"
                try Data(contents).write(to: URL(filePath: file))
                list.append(parsing: contents, base: directory)
            }
            for path in (tree.directories + tree.files).map({ base + $0 }) {
                paths.append(path)
                if Self.isExcluded(path, directories: Set(tree.directories.map { base + $0 }), by: list) {
                    expected.insert(path)
                }
            }
        }

        let answer = try Self.git(
            ["-c", "core.ignorecase=\(ignoringCase)", "check-ignore", "--no-index", "-z", "--stdin"],
            in: root,
            input: Array(paths.joined(separator: [0]))
        )
        let excluded = Set(answer.split(separator: 0).map(Array.init))
        for path in excluded.symmetricDifference(expected).sorted(by: { $0.lexicographicallyPrecedes($1) }).prefix(20) {
            let name = String(decoding: path, as: UTF8.self)
            let item = cases.first { name.hasPrefix($0.directory + "/") }
            Issue.record(
                "\(name): git \(excluded.contains(path)); \(item?.patterns ?? []) \(item?.nestedPatterns ?? [])"
            )
        }
        #expect(paths.count / 20...paths.count * 19 / 20 ~= excluded.count)
    }

    /// Every byte in every class, as git sees it.
    @Test
    func classesHoldWhatTheyHoldForGit() throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "classes-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: root) }
        _ = try Self.git(["init", "-q"], in: root)
        let classes = [
            "alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "xdigit",
        ]
        let contents = Array(classes.map { "\($0)-[[:\($0):]]" }.joined(separator: "\n").utf8)
        try Data(contents).write(to: URL(filePath: "\(root)/.gitignore"))
        let list = PatternList(parsing: contents)
        let paths = classes.flatMap { name in
            (1...255 as ClosedRange<UInt8>).filter { $0 != UInt8(ascii: "/") }.map { Array("\(name)-".utf8) + [$0] }
        }
        let answer = try Self.git(
            ["check-ignore", "--no-index", "-z", "--stdin"],
            in: root,
            input: Array(paths.joined(separator: [0]))
        )
        let ours = paths.filter { list.decision(for: $0, isDirectory: false) == .excluded }
        #expect(answer.split(separator: 0).map(Array.init) == ours)
        #expect(ours.count > 400)
    }

    /// Walks down as a backup does: below an excluded directory all is excluded.
    private static func isExcluded(_ path: [UInt8], directories: Set<[UInt8]>, by list: PatternList) -> Bool {
        for (index, byte) in path.enumerated() where byte == UInt8(ascii: "/") {
            if list.decision(for: Array(path[..<index]), isDirectory: true) == .excluded { return true }
        }
        return list.decision(for: path, isDirectory: directories.contains(path)) == .excluded
    }

    private static func tree(_ random: inout SeededGenerator) -> Tree {
        func name() -> [UInt8] { names[Int(random.next() % UInt64(names.count))] }
        var directories: Set<[UInt8]> = [[UInt8(ascii: "a")]]
        var files: Set<[UInt8]> = Set(names)
        for _ in 0..<8 {
            guard
                let parent = directories.sorted(by: { $0.lexicographicallyPrecedes($1) }).randomElement(using: &random)
            else { continue }
            directories.insert(parent + [0x2f] + name())
            directories.insert(name())
        }
        for directory in directories.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            for _ in 0..<4 { files.insert(directory + [0x2f] + name()) }
        }
        return Tree(directories: Array(directories), files: Array(files.subtracting(directories)))
    }

    private static func pattern(_ random: inout SeededGenerator, ignoringCase: Bool) -> String {
        while true {
            var result = random.next() % 4 == 0 ? "!" : ""
            for _ in 0...random.next() % 5 { result += pieces[Int(random.next() % UInt64(pieces.count))] }
            if random.next() % 5 == 0 { result += "/" }
            // Git does not fold the case of single bytes in brackets or behind a backslash.
            if ignoringCase, result.contains("[") || result.contains("\\A") { continue }
            if !gitReadsDifferently(result) { return result }
        }
    }

    /// Git takes `**` behind a literal beginning for a component of its own, against its manual.
    private static func gitReadsDifferently(_ pattern: String) -> Bool {
        let body = pattern.drop { $0 == " " }
        return body.firstMatch(of: /^!?\/?[^*?\[\\]*[^*?\[\\\/]\*\*+($|\/|\\\/)/) != nil
    }

    private static func makeDirectory(_ path: [UInt8]) throws {
        let result = unsafe (path + [0]).withUnsafeBytes { path in
            unsafe path.baseAddress.map { unsafe mkdir($0.assumingMemoryBound(to: CChar.self), 0o755) } ?? -1
        }
        if result != 0, errno == ENOENT, let slash = path.lastIndex(of: 0x2f) {
            try makeDirectory(Array(path[..<slash]))
            try makeDirectory(path)
        } else if result != 0, errno != EEXIST {
            throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
        }
    }

    /// Runs git and returns what it prints; a status of 1 says that nothing was excluded.
    private static func git(_ arguments: [String], in directory: String, input: [UInt8] = []) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["git", "-C", directory] + arguments
        process.environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": directory, "LC_ALL": "C"]
        let inputFile = "\(directory)/.git-input"
        try Data(input).write(to: URL(filePath: inputFile))
        process.standardInput = try FileHandle(forReadingFrom: URL(filePath: inputFile))
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let result = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try #require(process.terminationStatus <= 1)
        return Array(result)
    }
}
