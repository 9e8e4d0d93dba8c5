import ObjectStorage
import TestSupport
import Testing

struct ObjectNameTests {
    @Test(arguments: [
        "format", "packs/4f/0123456789abcdef", "policy/0", "plans/1.done", "a/b/c/d/e", "-", "_", "...", ".x", "..x",
        "x..", "tmpx", "tmp.1/x", "a/tmp/b", String(repeating: "a/", count: 255) + "aa",
    ])
    func goodNamesAreTaken(text: String) throws {
        let name = try ObjectName(text)
        #expect(name.path == text && "\(name)" == text)
        #expect(name.components.joined(separator: "/") == text)
    }

    @Test(arguments: [
        "", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/./b", "a/../b", "A", "packs/AB", "a b", "a\nb",
        "a\u{0}", "é", "a\\b", "a:b", "*", "%2e%2e", "tmp", "tmp/a", "日本", "a\u{301}",
        String(repeating: "a/", count: 256) + "a", String(repeating: "a", count: 513),
    ])
    func badNamesAreRefused(text: String) {
        #expect(throws: StorageError.self) { try ObjectName(text) }
        #expect(ObjectName(validating: text) == nil)
        do {
            _ = try ObjectName(text)
        } catch {
            #expect(error.code == .invalidName)
            #expect(!"\(error)".contains("\n") && !"\(error)".contains("\u{0}"))
        }
    }

    @Test
    func namesAreOrderedByTheirBytes() throws {
        let texts = ["a", "a-b", "a.b", "a/b", "a0", "a_b", "aa", "b"]
        let names = try texts.map { try ObjectName($0) }
        #expect(names.reversed().sorted().map(\.path) == texts)
    }
}
