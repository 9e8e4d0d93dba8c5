import Snapshots
import TestSupport
import Testing

struct PatternTests {
    /// Pattern, path (a slash at its end makes it a directory), whether it fits.
    static let table: [(String, String, Bool)] = [
        ("a", "a", true), ("a", "x/y/a", true), ("a", "a/", true), ("a", "ab", false), ("a", "a/b", false),
        ("/a", "a", true), ("/a", "x/a", false), ("a/b", "a/b", true), ("a/b", "x/a/b", false),
        ("a/", "a", false), ("a/", "a/", true), ("a/", "x/a/", true), ("/a/", "x/a/", false), ("a/b/", "a/b", false),
        ("*.o", "x.o", true), ("*.o", "d/x.o", true), ("*.o", ".o", true), ("*.o", "x.oo", false),
        ("core*", "core.1", true), ("core*", "score", false), ("*", "anything", true), ("*", "d/x", true),
        ("/*", "x", true), ("/*", "d/x", false), ("d/*", "d/x", true), ("d/*", "d/x/y", false), ("d/*", "d/", false),
        ("*/x", "d/x", true), ("*/x", "x", false), ("*/x", "d/e/x", false), ("a*c/d", "abc/d", true),
        ("a*c/d", "a/c/d", false), ("a?c", "abc", true), ("a?c", "ac", false), ("a?c/d", "a/c/d", false),
        ("**", "x/y", true), ("**/x", "x", true), ("**/x", "a/b/x", true), ("**/x", "a/b/xx", false),
        ("a/**", "a", false), ("a/**", "a/", false), ("a/**", "a/b", true), ("a/**", "a/b/c/d", true),
        ("a/**/b", "a/b", true), ("a/**/b", "a/x/y/b", true), ("a/**/b", "a/x", false), ("a/**/b", "b", false),
        ("a/**/b/**/c", "a/b/b/c", true), ("a/**/b/**/c", "a/x/b/y/z/c", true), ("a/**/b/**/c", "a/c/b", false),
        ("**/a/**", "a/x", true), ("**/a/**", "y/a/x", true), ("**/a/**", "y/a", false), ("/**", "a/b", true),
        ("a/***/b", "a/x/y/b", true), ("a**/b", "ab/b", true), ("a**/b", "a/x/b", false), ("a**/b", "ab", false),
        ("**\\/x", "x", false), ("**\\/x", "a/b/x", true), ("a\\/b", "a/b", true), ("a\\/b", "x/a/b", false),
        ("[a-c]", "b", true), ("[a-c]", "d", false), ("[!a-c]", "d", true), ("[^a-c]", "b", false), ("[]]", "]", true),
        ("[!]a]", "b", true), ("[a-]", "-", true), ("[-a]", "-", true), ("[a\\]]", "]", true), ("[\\a-c]", "b", true),
        ("[[:digit:]x]", "7", true), ("[[:digit:]x]", "x", true), ("[[:digit:]x]", "a", false), ("[[:]", ":", true),
        ("[![:space:]]", "a", true), ("a[/]b", "a/b", false), ("a[!x]b/c", "a/b/c", false), ("[c-a]", "b", false),
        ("[", "[", false), ("[a", "a", false), ("[[:nothing:]]", "n", false), ("a\\", "a\\", false),
        ("a\\", "a", false),
        ("\\!a", "!a", true), ("\\#a", "#a", true), ("\\*", "*", true), ("\\*", "x", false), ("\\a", "a", true),
        ("a  ", "a", true), ("a\\ ", "a ", true), ("a\\  ", "a ", true), (" a", " a", true), (" a", "a", false),
        ("a b", "a b", true), ("a\t", "a", false), ("a//b", "a/b", false), ("//a", "a", false), ("a//", "a/", false),
        ("/", "a/", false), ("!", "!", false), ("é", "é", true), ("?", "é", false), ("??", "é", true),
    ]

    @Test(arguments: table)
    func fitsAsTheManualSays(pattern: String, path: String, fits: Bool) {
        let isDirectory = path.hasSuffix("/")
        let bytes = Array(path.utf8.dropLast(isDirectory ? 1 : 0))
        #expect(Self.fits(PathPattern(pattern), bytes, isDirectory: isDirectory) == fits)
    }

    @Test(arguments: ["", "#", "# a", "   ", "#!a"])
    func commentsAndBlanksAreNoPatterns(line: String) {
        #expect(PathPattern(line) == nil)
    }

    @Test
    func mistakesAreTold() throws {
        for line in ["[", "a[b", "[[:nothing:]]", "a/b\\", "x\\/"] {
            #expect(try !#require(PathPattern(line)).canMatch)
        }
        #expect(try #require(PathPattern("[a]")).canMatch)
    }

    @Test
    func namesNeedNotBeText() {
        let pattern = PathPattern(line: [0x66, 0xff, UInt8(ascii: "?"), UInt8(ascii: "*")])
        #expect(Self.fits(pattern, [0x66, 0xff, 0xfe]) == true)
        #expect(Self.fits(pattern, [0x66, 0xfe, 0xfe]) == false)
    }

    @Test
    func caseIsIgnoredOnRequest() {
        for (pattern, path) in [("aB", "Ab"), ("*.JPG", "x.jpg"), ("[a-c]X*q", "BxQ"), ("D/[E]", "d/e"), ("É", "É")] {
            #expect(Self.fits(PathPattern(pattern, ignoringCase: true), Array(path.utf8)) == true)
        }
        for (pattern, path) in [("[!a]", "A"), ("é", "É"), ("[@]", "`"), ("@", "`")] {
            #expect(Self.fits(PathPattern(pattern, ignoringCase: true), Array(path.utf8)) == false)
        }
        #expect(Self.fits(PathPattern("a"), Array("A".utf8)) == false)
    }

    @Test
    func theLastPatternThatFitsDecides() {
        var list = PatternList(parsing: Array("\u{feff}*.log\r\n!keep.log\n\n# no\nbuild/\r".utf8))
        func decision(_ path: String, isDirectory: Bool = false) -> PatternList.Decision {
            list.decision(for: Array(path.utf8), isDirectory: isDirectory)
        }
        #expect(list.patterns.map { String(decoding: $0.source, as: UTF8.self) } == ["*.log", "!keep.log", "build/"])
        #expect(decision("a/x.log") == .excluded)
        #expect(decision("a/keep.log") == .included)
        #expect(decision("a/x") == .undecided)
        #expect(decision("build") == .undecided)
        #expect(decision("build", isDirectory: true) == .excluded)
        #expect(decision("", isDirectory: true) == .undecided)
        list.append(parsing: Array("!/x.log\n*.tmp".utf8), base: Array("a".utf8))
        #expect(decision("a/x.log") == .included)
        #expect(decision("a/b/x.log") == .excluded)
        #expect(decision("ab/x.log") == .excluded)
        #expect(decision("x.tmp") == .undecided)
        #expect(decision("a/b/x.tmp") == .excluded)
        #expect(decision("a", isDirectory: true) == .undecided)
        #expect(PatternList().decision(for: Array("a".utf8), isDirectory: false) == .undecided)
    }

    /// Patterns that take a matcher with naive backtracking longer than the universe exists.
    @Test
    func noPatternTakesForever() {
        let stars = String(repeating: "*a", count: 100) + "*b"
        let directories = String(repeating: "**/a/", count: 100) + "b"
        let name = [UInt8](repeating: UInt8(ascii: "a"), count: 4000)
        let path = Array(String(repeating: "a/", count: 2000).utf8) + [UInt8(ascii: "a")]
        let end = Array(path.dropLast()) + [UInt8(ascii: "b")]
        #expect(Self.fits(PathPattern(stars), name) == false)
        #expect(Self.fits(PathPattern("/" + stars), name) == false)
        #expect(Self.fits(PathPattern(directories), path) == false)
        #expect(Self.fits(PathPattern(directories), end) == true)
    }

    /// Whether the path fits; nil for a line that is no pattern.
    private static func fits(_ pattern: PathPattern?, _ path: [UInt8], isDirectory: Bool = false) -> Bool? {
        pattern.map { $0.matches(path.span, isDirectory: isDirectory) }
    }
}
