import FileSystem
import Foundation
import ObjectStorage
import TestSupport
import Testing

@testable import RemoteStorage

/// The client against OpenSSH's server itself, without a network between them, and against rclone's.
struct SFTPStoreTests {
    /// A program that serves a directory by OpenSSH's code.
    private func server(_ root: String, _ options: String = "") throws -> SFTPProgram {
        try .ssh(
            SFTPLocation(user: nil, host: "test", port: nil, path: root),
            command: "/usr/lib/openssh/sftp-server \(options)"
        )
    }

    private func code(_ body: () throws -> Void) -> StorageError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? StorageError)?.code
        }
    }

    @Test
    func conformsWithOpenSSH() throws {
        let directory = try TemporaryDirectory()
        var count = 0
        let violations = try ObjectStoreConformance.violations(seed: 41) {
            count += 1
            return try SFTPObjectStore.create(server(directory.path("a/b/store-\(count)")), location: "test")
        }
        #expect(violations == [])
    }

    /// Servers without OpenSSH's extensions have looks and renaming alone.
    @Test
    func conformsWithoutExtensions() throws {
        let directory = try TemporaryDirectory()
        var count = 0
        let violations = try ObjectStoreConformance.violations(seed: 42) {
            count += 1
            let program = try server(directory.path("store-\(count)"), "-P fsync,hardlink,statvfs,limits")
            return try SFTPObjectStore.create(program, location: "test")
        }
        #expect(violations == [])
    }

    @Test(.enabled(if: RcloneProgram.path != nil))
    func conformsWithRclone() throws {
        let directory = try TemporaryDirectory()
        var count = 0
        let violations = try ObjectStoreConformance.violations(seed: 43) {
            count += 1
            let program = try SFTPProgram.rclone(
                ":local:" + directory.path("new/store-\(count)"),
                program: RcloneProgram.path
            )
            return try SFTPObjectStore.create(program, location: "test")
        }
        #expect(violations == [])
    }

    @Test
    func conformsThroughSSH() throws {
        let ssh = try SSHServer()
        var count = 0
        let violations = try ObjectStoreConformance.violations(seed: 44) {
            count += 1
            let location = try StoreLocation(parsing: ssh.location(ssh.place.path("store-\(count)")))
            var settings = RemoteSettings()
            settings.options = try RemoteOptions(["sftp.args=" + ssh.arguments])
            return try RemoteStores.store(at: location, isNew: true, settings: settings)
        }
        #expect(violations == [])
    }

    @Test
    func whatIsMissingIsNotFound() throws {
        let directory = try TemporaryDirectory()
        #expect(
            code { _ = try SFTPObjectStore.open(try server(directory.path("none")), location: "test") } == .notFound
        )
        try directory.directory.writeFileAtomically(Array("file".utf8), [1])
        #expect(code { _ = try SFTPObjectStore.open(try server(directory.path("file")), location: "test") } == .damaged)
    }

    /// How the session comes to nothing, and a word that the message must have.
    @Test(arguments: [
        ("/nowhere/program", StorageError.Code.other, "installed"),
        ("/bin/echo Welcome to this host, dear user", .other, "Welcome"),
        ("/bin/sh -c 'echo Permission denied, please try again >&2; exit 255'", .permissionDenied, "authentication"),
        ("/bin/sh -c 'echo Could not resolve hostname >&2; exit 255'", .unavailable, "DNS"),
        ("/bin/false", .unavailable, "status 1"),
        ("/bin/sh -c 'kill -9 $$'", .unavailable, "signal 9"),
        ("/bin/sh -c 'printf \"\\0\\0\\0\\5\\2\\0\\0\\0\\2\"; cat >/dev/null'", .other, "version 2"),
        ("/bin/sh -c 'printf \"\\0\\0\\0\\5\\77\\0\\0\\0\\2\"; cat >/dev/null'", .other, "not SFTP"),
    ])
    func sessionsThatComeToNothing(command: String, code: StorageError.Code, word: String) throws {
        let location = SFTPLocation(user: nil, host: "test", port: nil, path: "/x")
        let program = try SFTPProgram.ssh(location, command: command)
        do {
            _ = try SFTPObjectStore.open(program, location: "test")
            Issue.record("\(command) is a server")
        } catch let error as StorageError {
            #expect(error.code == code, "\(error)")
            #expect(error.message.contains(word), "\(error)")
        }
    }

    @Test
    func aServerThatSaysNothingIsGivenUp() throws {
        let location = SFTPLocation(user: nil, host: "test", port: nil, path: "/x")
        var settings = RemoteSettings()
        settings.stuckSeconds = 0.3
        let program = try SFTPProgram.ssh(location, command: "/bin/sh -c 'exec sleep 1000'")
        #expect(code { _ = try SFTPObjectStore.open(program, location: "test", settings: settings) } == .unavailable)
        settings.stuckSeconds = 300
        settings.isCancelled = { true }
        #expect(code { _ = try SFTPObjectStore.open(program, location: "test", settings: settings) } == .unavailable)
    }

    /// The server dies in the middle of everything: what was begun fails as unavailable, and the next call reaches a
    /// new one.
    @Test
    func anEndedSessionIsBegunAnew() throws {
        let directory = try TemporaryDirectory()
        let pids = directory.path("pids")
        let program = try SFTPProgram.ssh(
            SFTPLocation(user: nil, host: "test", port: nil, path: directory.path("store")),
            command: "/bin/sh -c 'echo $$ >> \(pids); exec /usr/lib/openssh/sftp-server'"
        )
        let store = try SFTPObjectStore.create(program, location: "test")
        let name = try ObjectName("packs/aa/one")
        try store.put(name, [1, 2, 3])
        let writer = try store.makeWriter()
        try writer.append([4])
        func killServer() throws {
            let last = try String(contentsOfFile: pids, encoding: .utf8).split(separator: "\n").last ?? ""
            kill(pid_t(last) ?? 0, SIGKILL)
        }
        try killServer()
        #expect(code { try writer.commit(as: try ObjectName("packs/aa/two")) } == .unavailable)
        #expect(try store.readAll(name, atMost: 3) == [1, 2, 3])
        try killServer()
        // The end is noticed by the first call or by the reader before it.
        if let first = code({ _ = try store.exists(name) }) { #expect(first == .unavailable) }
        #expect(try store.exists(name))
        #expect(try !store.exists(ObjectName("packs/aa/two")))
    }

    @Test
    func temporariesOfEndedProcessesAreRemoved() throws {
        let directory = try TemporaryDirectory()
        let store = try SFTPObjectStore.create(server(directory.path("store")), location: "test")
        let writer = try store.makeWriter()
        try writer.append([1])
        let folder = try Directory.open(path: Array(directory.path("store/tmp").utf8))
        let current = ProcessIdentity.current
        let ended = ProcessIdentity(boot: current.boot, namespace: current.namespace, process: 1, start: 1)
        for name in ["\(ended)-00ff", "0123456789abcdef-1-2-3-00ff", "something"] {
            try folder.createFile(Array(name.utf8)).close()
        }
        #expect(try store.removeStaleTemporaries() == 1)
        #expect(try store.removeStaleTemporaries(now: Timestamp.now().seconds + 90_000) == 2)
        try writer.commit(as: ObjectName("kept"))
        #expect(try store.readAll(ObjectName("kept"), atMost: 1) == [1])
    }

    @Test
    func linksAreNotFollowed() throws {
        let directory = try TemporaryDirectory()
        let store = try SFTPObjectStore.create(server(directory.path("store")), location: "test")
        try store.put(ObjectName("real"), [1])
        try FileManager.default.createSymbolicLink(
            atPath: directory.path("store/link"),
            withDestinationPath: "real"
        )
        #expect(code { _ = try store.readAll(try ObjectName("link"), atMost: 1) } == .damaged)
        #expect(code { _ = try store.exists(try ObjectName("link")) } == .damaged)
        #expect(code { try store.list(prefix: "") { _, _ in } } == .damaged)
        #expect(code { try store.put(try ObjectName("link"), [2]) } == .alreadyExists)
    }

    /// Many folders and names: more than one answer per folder and more folders than are listed at a time.
    @Test
    func listsMuch() throws {
        let directory = try TemporaryDirectory()
        let local = try LocalObjectStore.create(at: directory.path("store"))
        var expected: [String] = []
        for folder in 0..<70 {
            let count = folder == 33 ? 950 : 2
            for index in 0..<count { expected.append("packs/\(100 + folder)/\(1000 + index)") }
        }
        for name in expected {
            let path = directory.path("store/" + name)
            try FileManager.default.createDirectory(
                atPath: (path as NSString).deletingLastPathComponent,
                withIntermediateDirectories: true
            )
            _ = FileManager.default.createFile(atPath: path, contents: Data([1]))
        }
        let store = try SFTPObjectStore.open(server(directory.path("store")), location: "test")
        var found: [String] = []
        try store.list(prefix: "packs/") { name, _ in found.append(name.path) }
        #expect(found == expected.sorted())
        var same: [String] = []
        try local.list(prefix: "packs/") { name, _ in same.append(name.path) }
        #expect(same == found)
    }

    @Test
    func programs() throws {
        let location = SFTPLocation(user: "me", host: "::1", port: 2222, path: "/x")
        let program = try SFTPProgram.ssh(location, extraArguments: "-i 'a key'")
        let words = program.arguments
        #expect(words.first == "ssh" && words.suffix(4) == ["-s", "--", "::1", "sftp"])
        #expect(words.contains("a key") && words.contains("2222") && words.contains("me"))
        #expect(throws: LocationError.self) { try SFTPProgram.ssh(location, command: "x", extraArguments: "y") }
        #expect(throws: LocationError.self) { try SFTPProgram.ssh(location, command: " ") }
        #expect(throws: LocationError.self) { try RemoteOptions(["sftp.port=2"]) }
        #expect(throws: LocationError.self) { try RemoteOptions(["sftp.args"]) }
        #expect(
            try SFTPProgram.rclone("cloud:x", extraArguments: "--a b").arguments.suffix(3) == ["--a", "b", "cloud:x"]
        )
    }
}
