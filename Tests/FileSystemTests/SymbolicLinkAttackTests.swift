import Dispatch
import FileSystem
import Glibc
import Synchronization
import TestSupport
import Testing

/// Links that somebody plants where the program is about to write or read.
struct SymbolicLinkAttackTests {
    let temporary: TemporaryDirectory
    let root: Directory
    let outside: Directory

    init() throws {
        temporary = try TemporaryDirectory()
        try temporary.directory.makeDirectory(name("root"))
        try temporary.directory.makeDirectory(name("outside"))
        root = try temporary.directory.openDirectory(name("root"))
        outside = try temporary.directory.openDirectory(name("outside"))
    }

    @Test(arguments: [true, false], ["../outside", "/", "inner", "/proc/self/cwd", "."])
    func aPlantedLinkIsRefused(usingOpenat2: Bool, target: String) throws {
        try root.makeDirectory(name("a"))
        let inner = try root.openDirectory(name("a"))
        try inner.makeDirectory(name("inner"))
        try inner.makeDirectory(name("real"))
        try inner.makeSymbolicLink(name("link"), target: name(target))
        for path in ["a/link", "a/link/real", "a/link/x/y"] {
            expectError(ELOOP, ENOTDIR) { _ = try root.openDirectory(beneath: name(path), usingOpenat2: usingOpenat2) }
        }
        #expect(try root.openDirectory(beneath: name("a/real"), usingOpenat2: usingOpenat2).list() == [])
        #expect(
            try root.openDirectory(beneath: [], usingOpenat2: usingOpenat2).status().identity == root.status().identity
        )
    }

    @Test(arguments: [true, false], ["..", "a/..", "a/../a", "/", "/etc", "a//b", "a/", ".", "a/./a"])
    func aPathThatLeadsElsewhereIsRefused(usingOpenat2: Bool, path: String) throws {
        try root.makeDirectory(name("a"))
        expectError(EINVAL) { _ = try root.openDirectory(beneath: name(path), usingOpenat2: usingOpenat2) }
    }

    @Test(arguments: [true, false])
    func aLinkThatComesAndGoesLetsNothingOut(usingOpenat2: Bool) throws {
        try root.makeDirectory(name("a"))
        try root.openDirectory(name("a")).makeDirectory(name("b"))
        try outside.makeDirectory(name("b"))
        try root.makeSymbolicLink(name("link"), target: name("../outside"))
        var random = SeededGenerator(seed: 7)
        var (written, refused) = (0, 0)
        try whileExchanging("a", "link") {
            do throws(SystemError) {
                let folder = try root.openDirectory(beneath: name("a/b"), usingOpenat2: usingOpenat2)
                _ = try folder.createFile(name("\(random.next())"))
                written += 1
            } catch {
                #expect([ELOOP, ENOTDIR, EAGAIN, EXDEV].contains(error.errno), "\(error)")
                refused += 1
            }
        }
        #expect(written > 0 && refused > 0)
        #expect(try outside.openDirectory(name("b")).list() == [])
    }

    @Test
    func aFileThatTurnsIntoALinkIsNotRead() throws {
        try root.make("file", "harmless")
        try outside.make("secret", "secret")
        try root.makeSymbolicLink(name("link"), target: name("../outside/secret"))
        var (read, refused) = (0, 0)
        try whileExchanging("file", "link") {
            do throws(SystemError) {
                let content = try root.readFile(name("file"), limit: 100)
                #expect(content == name("harmless"))
                read += 1
            } catch {
                #expect(error.errno == ELOOP, "\(error)")
                refused += 1
            }
        }
        #expect(read > 0 && refused > 0)
    }

    /// Makes many attempts while another thread makes two names change places all the time; between attempts they
    /// change places as well, so that both arrangements are met even if the other thread gets no time.
    private func whileExchanging(_ first: String, _ second: String, _ attempt: () throws -> Void) throws {
        let stop = Flag()
        let attackers = DispatchGroup()
        DispatchQueue.global().async(group: attackers) {
            while !stop.isRaised { try? root.rename(name(first), to: root, as: name(second), .exchanging) }
        }
        for number in 0..<1500 {
            if number % 10 == 0 { try root.rename(name(first), to: root, as: name(second), .exchanging) }
            try attempt()
        }
        stop.raise()
        attackers.wait()
    }

    @Test
    func writingAFileReplacesALinkAndLeavesItsTarget() throws {
        try outside.make("target", "untouched")
        try root.makeSymbolicLink(name("config"), target: name("../outside/target"))
        try root.writeFileAtomically(name("config"), name("new"))
        #expect(try outside.content("target") == "untouched")
        #expect(try root.status(name("config")).kind == .regular && root.content("config") == "new")
        try root.makeSymbolicLink(name("lock"), target: name("../outside/created"))
        expectError(ELOOP) { _ = try FileLock.acquire(in: root, name("lock")) }
        expectError(EEXIST) { _ = try root.createFile(name("lock")) }
        expectError(ELOOP) { _ = try root.readFile(name("lock"), limit: 10) }
        #expect(try outside.list() == ["target"])
    }
}

/// Tells another thread to stop.
private final class Flag: Sendable {
    private let value = Atomic(false)

    var isRaised: Bool { value.load(ordering: .relaxed) }

    func raise() { value.store(true, ordering: .relaxed) }
}
