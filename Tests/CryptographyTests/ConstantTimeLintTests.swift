import Foundation
import Testing

/// Reads the module's sources for comparisons that stop at the first difference.
@Suite("Row 19: comparisons of tags, tokens and secrets")
struct ConstantTimeLintTests {
    /// The names by which such values go; what follows must be a length or nothing at all.
    private static let sensitive =
        "tag|token|mac|code|commitment|secret|passphrase|password|seed|signature|prk|shared|tags|keyBytes|privateKey"

    /// What is wrong with a line of code, or nil.
    private static func complaint(about line: String, sensitive: String = Self.sensitive) -> String? {
        let code = line.replacingOccurrences(of: #""(\\.|[^"\\])*""#, with: "\"\"", options: .regularExpression)
            .replacingOccurrences(of: #"//.*$"#, with: "", options: .regularExpression)
        func matches(_ pattern: String) -> Bool { code.range(of: pattern, options: .regularExpression) != nil }
        if matches(#"(?<!CRYPTO_)\b(memcmp|bcmp|strcmp|strncmp|timingsafe_bcmp)\s*\("#) {
            return "compares with \(code)"
        }
        let value =
            #"\b\w*("#
            + sensitive.split(separator: "|").map { name in
                let (first, rest) = (name.prefix(1), name.dropFirst())
                return "[\(first.lowercased())\(first.uppercased())]\(rest)"
            }.joined(separator: "|") + #")(\.bytes|\.exposed\(\)|\.span|\.span\.bytes)?"#
        let isLeft = matches(value + #"\s*(==|!=)(?!\s*(nil|[0-9]+)\b)"#)
        let isRight = matches(#"(==|!=)\s*(unsafe\s+)?"# + value + #"(?![\w.(])"#)
        if isLeft || isRight {
            return "compares a sensitive value with ==: \(code)"
        }
        if matches(value + #"\.(elementsEqual|starts)\("#) { return "compares a sensitive value by element: \(code)" }
        return nil
    }

    private static func swiftFiles(
        _ module: String = "Cryptography"
    ) throws -> [(name: String, lines: [String])] {
        let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/\(module)").resolvingSymlinksInPath()
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        return try files.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }.map { file in
            (file.lastPathComponent, try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n"))
        }
    }

    @Test(
        "the lint finds what it looks for",
        arguments: [
            "if tag == expected { return }", "return expectedTag != tag", "memcmp(a, b, 16) == 0", "bcmp(a, b, 16)",
            "guard token == given else { return }", "secret.exposed() == other", "if given == storedToken {",
            "hmacCode.elementsEqual(other)", "let same = mac.bytes == other.bytes", "x == unsafe sharedSecret",
        ]
    )
    func lintBites(line: String) {
        #expect(Self.complaint(about: line) != nil)
    }

    @Test(
        "the lint leaves lengths, statuses and nil alone",
        arguments: [
            "CRYPTO_memcmp(left, right, count) == 0", "guard tag.count == 16 else { return }",
            "if token == nil { return }",
            "// tag == expected", "guard status == 1 else {", "let text = \"tag == expected\"",
            "if secret.byteCount != 32",
            "guard count == other.secret.count", "guard code != 0 else {",
        ]
    )
    func lintSpares(line: String) {
        #expect(Self.complaint(about: line) == nil)
    }

    @Test("row 19: no source of the module compares a sensitive value otherwise than with CRYPTO_memcmp")
    func sourcesAreClean() throws {
        let files = try Self.swiftFiles()
        #expect(files.count > 15, "the sources were not found")
        for file in files {
            for (index, line) in file.lines.enumerated() {
                if let complaint = Self.complaint(about: line) {
                    Issue.record("\(file.name):\(index + 1) \(complaint)")
                }
            }
        }
    }

    /// Elsewhere tags are those of fields and of snapshots, and codes those of errors.
    private static let sensitiveElsewhere =
        "secret|passphrase|password|seed|commitment|privateKey|contentKey|chunkIDKey|chunkerKey|directoryKey|datasetKey"

    @Test(
        "row 19: nor does a module that handles keys or passwords",
        arguments: ["Repository", "Records", "Snapshots", "Commands"]
    )
    func otherSourcesAreClean(module: String) throws {
        let files = try Self.swiftFiles(module)
        #expect(files.count > 15, "the sources were not found")
        for file in files {
            for (index, line) in file.lines.enumerated() {
                // Content is compared with itself as it was read back: no secret to be guessed at.
                let comparesContent = file.name == "ChunkEncoder.swift" && line.contains("memcmp(leftBase, rightBase,")
                if let complaint = Self.complaint(about: line, sensitive: Self.sensitiveElsewhere), !comparesContent {
                    Issue.record("\(file.name):\(index + 1) \(complaint)")
                }
            }
        }
    }

    @Test("row 19: CRYPTO_memcmp is called in the two places that stand for all")
    func placesOfComparison() throws {
        let callers = try Self.swiftFiles().filter { file in file.lines.contains { $0.contains("CRYPTO_memcmp(") } }
        #expect(Set(callers.map(\.name)) == ["ConstantTime.swift", "Secret.swift"])
    }
}
