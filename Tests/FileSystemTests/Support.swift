import FileSystem
import Glibc
import Testing

/// The bytes of a name.
func name(_ text: String) -> [UInt8] { Array(text.utf8) }

extension Directory {
    /// Creates a file with content.
    @discardableResult
    func make(_ file: String, _ content: String = "", permissions: UInt16 = 0o600) throws -> Descriptor {
        let descriptor = try createFile(name(file), permissions: permissions)
        try descriptor.write(content)
        return descriptor
    }

    /// A small file's content.
    func content(_ file: String) throws -> String {
        String(decoding: try readFile(name(file), limit: 1 << 20), as: UTF8.self)
    }

    /// The names as text.
    func list() throws -> [String] {
        let names = try names()
        return (0..<names.count).map { String(decoding: names[$0], as: UTF8.self) }
    }
}

extension Descriptor {
    /// Writes text.
    func write(_ text: String) throws {
        try write(Array(text.utf8))
    }
}

/// Expects a system error of one of the given numbers.
func expectError(
    _ numbers: Int32...,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> Void
) {
    do {
        try body()
        Issue.record("nothing was thrown", sourceLocation: sourceLocation)
    } catch let error as SystemError {
        #expect(numbers.contains(error.errno), "\(error)", sourceLocation: sourceLocation)
    } catch {
        Issue.record("\(error)", sourceLocation: sourceLocation)
    }
}

/// Whether the tests run as root, which devices and ownership need.
let isRoot = geteuid() == 0
