import Snapshots
import TestSupport
import Testing

@Suite("Order of paths in a manifest")
struct ManifestPathOrderTests: ManifestTesting {
    @Test func comparesByComponentsAsRawBytes() {
        let ordered = ["a", "a/b", "a/b/c", "a/b-", "a/c", "a-", "a.b", "a0", "ab", "b"]
        for (left, leftName) in ordered.enumerated() {
            for (right, rightName) in ordered.enumerated() {
                #expect(PathOrder.compare(path(leftName), path(rightName)).signum() == (left - right).signum())
            }
        }
    }

    @Test func anEndStandsAfterEverythingBelowAndBeforeTheNext() {
        let ordered: [(String, EntryKind)] = [
            ("a", .directory), ("a/b", .directory), ("a/b/c", .regular), ("a/b", .directoryEnd), ("a/b-", .regular),
            ("a", .directoryEnd), ("a-", .regular), ("a0", .directory), ("a0", .directoryEnd),
        ]
        for (left, leftKey) in ordered.enumerated() {
            for (right, rightKey) in ordered.enumerated() {
                let order = PathOrder.compare(path(leftKey.0), leftKey.1, path(rightKey.0), rightKey.1)
                #expect(order.signum() == (left - right).signum(), "\(leftKey) \(rightKey)")
            }
        }
    }

    @Test func agreesWithTheDefinitionOnRandomPaths() {
        var random = SeededGenerator(seed: 0x0bad_5eed)
        // Few different bytes, those around the separator among them, so that prefixes are common.
        let alphabet = path("./0a-")
        func randomPath() -> [UInt8] {
            (0..<Int.random(in: 1...6, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? 0 }
        }
        for _ in 0..<20_000 {
            let left = randomPath()
            let right = randomPath()
            let expected = left == right ? 0 : (precedes(left, right) ? -1 : 1)
            #expect(PathOrder.compare(left, right) == expected, "\(left) \(right)")
        }
    }

    @Test(arguments: ["", "/a", "a/", "a//b", ".", "..", "a/..", "./a", "a/./b", "a\0b", "\0"])
    func refusesAPathRow10(_ text: String) {
        #expect { try PathOrder.validate(path(text)) } throws: { ($0 as? ManifestError)?.code == .invalidPath }
    }

    @Test func boundsTheLengthOfPathsAndComponentsRow10() throws {
        let longest = [UInt8](repeating: 0x61, count: 255)
        try PathOrder.validate(longest)
        #expect(throws: ManifestError.self) { try PathOrder.validate(longest + [0x61]) }
        let components = [[UInt8]](repeating: longest, count: 256)
        let longestPath = Array(components.joined(separator: [UInt8(ascii: "/")]))
        #expect(longestPath.count == 65_535)
        try PathOrder.validate(longestPath)
        #expect(throws: ManifestError.self) { try PathOrder.validate(longestPath + path("/a")) }
    }

    @Test(arguments: ["...", ".a", "a..", " ", "\u{1b}[0m", "a\\b", "\n"])
    func takesAnyOtherName(_ text: String) throws {
        try PathOrder.validate(path(text))
    }
}
