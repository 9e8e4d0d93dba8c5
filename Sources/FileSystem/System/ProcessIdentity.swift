internal import Glibc

/// One process of one boot of one machine, so that others can tell whether it still runs.
///
/// A process number alone would not do: numbers are given out again, start anew with each boot, and mean something
/// else in another container or on another machine.
package struct ProcessIdentity: Hashable, Sendable {
    /// Whether the process that wrote an identity still runs.
    package enum State: Sendable {
        /// It runs.
        case running
        /// It has ended.
        case ended
        /// It belongs to another boot, machine or container, so nothing can be said.
        case unknown
    }

    /// The first 16 hexadecimal digits of the kernel's random number of this boot.
    package let boot: String
    /// The number of the process namespace (containers have their own).
    package let namespace: UInt64
    /// The process number.
    package let process: Int32
    /// When the process began, in clock ticks since boot.
    package let start: UInt64

    /// The present process.
    ///
    /// Without /proc the boot is empty, and nothing can be said about the identity later.
    package static let current: ProcessIdentity = {
        let process = getpid()
        return ProcessIdentity(
            boot: currentBoot() ?? "",
            namespace: currentNamespace() ?? 0,
            process: process,
            start: startTime(of: process) ?? 0
        )
    }()

    /// Makes an identity of its parts.
    package init(boot: String, namespace: UInt64, process: Int32, start: UInt64) {
        self.boot = boot
        self.namespace = namespace
        self.process = process
        self.start = start
    }

    /// Reads what `description` has written; nil for anything else.
    package init?(_ description: some StringProtocol) {
        let parts = description.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0].utf8.count <= 16, parts[0].utf8.allSatisfy(isHexadecimal),
            let namespace = UInt64(parts[1]), let process = Int32(parts[2]), process > 0,
            let start = UInt64(parts[3])
        else { return nil }
        self.init(boot: String(parts[0]), namespace: namespace, process: process, start: start)
        if self.description != description { return nil }
    }

    /// Whether the process still runs.
    package var state: State {
        let present = ProcessIdentity.current
        guard !boot.isEmpty, start != 0, namespace != 0, boot == present.boot, namespace == present.namespace else {
            return .unknown
        }
        if let found = ProcessIdentity.startTime(of: process) { return found == start ? .running : .ended }
        // /proc may hide the processes of others; signal 0 tells whether there is one.
        return kill(process, 0) != 0 && errno == ESRCH ? .ended : .unknown
    }
}

extension ProcessIdentity: CustomStringConvertible {
    /// The four parts joined by `-`: digits and letters that may stand in a file's or an object's name.
    package var description: String { "\(boot)-\(namespace)-\(process)-\(start)" }
}

extension ProcessIdentity {
    private static func currentBoot() -> String? {
        guard let text = readProc("sys/kernel/random", "boot_id") else { return nil }
        let digits = text.filter(isHexadecimal).prefix(16)
        return digits.count == 16 ? String(decoding: digits, as: UTF8.self) : nil
    }

    /// The link reads `pid:[4026531836]`.
    private static func currentNamespace() -> UInt64? {
        guard let target = try? Directory.open(path: Array("/proc/self/ns".utf8)).readLink(Array("pid".utf8)) else {
            return nil
        }
        return UInt64(String(decoding: target.filter { (0x30...0x39).contains($0) }, as: UTF8.self))
    }

    /// Field 22 of /proc/<pid>/stat (proc(5)); the second field, the program's name, may hold blanks and brackets.
    private static func startTime(of process: Int32) -> UInt64? {
        guard let text = readProc("\(process)", "stat"), let bracket = text.lastIndex(of: UInt8(ascii: ")")) else {
            return nil
        }
        let fields = text[(bracket + 1)...].split(separator: UInt8(ascii: " "))
        // The first of these is field 3. A process that has ended and waits for its parent counts as ended.
        guard fields.count > 19, fields[0] != [UInt8(ascii: "Z")] else { return nil }
        return UInt64(String(decoding: fields[19], as: UTF8.self))
    }

    private static func readProc(_ directory: String, _ name: String) -> [UInt8]? {
        try? Directory.open(path: Array("/proc/\(directory)".utf8)).readFile(Array(name.utf8), limit: 65536)
    }
}

private func isHexadecimal(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
}
