@unsafe @preconcurrency import Glibc

/// The memory of another process, as only root may read it: the program makes itself undumpable.
struct ProcessMemory {
    let process: pid_t

    /// Whether this process may read others' memory at all.
    static var isReadable: Bool { geteuid() == 0 }

    /// Lends everything that the process could have written to: heap, stacks, locked pages.
    func forEachWritableRegion(_ body: ([UInt8]) -> Void) throws {
        let file = unsafe open("/proc/\(process)/mem", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw ProgramFailure(description: "no memory of process \(process): error \(errno)") }
        defer { close(file) }
        for line in try text(of: "/proc/\(process)/maps").split(separator: "\n") {
            let fields = line.split(separator: " ", maxSplits: 5)
            let bounds = fields[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
            guard bounds.count == 2, fields[1].hasPrefix("rw") else { continue }
            var position = bounds[0]
            var region: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while position < bounds[1] {
                let count = unsafe pread(file, &buffer, Int(min(1 << 16, bounds[1] - position)), off_t(position))
                guard count > 0 else { break }
                // Pages that nobody has touched are not kept: there are many.
                if buffer[..<count].contains(where: { $0 != 0 }) {
                    region += buffer[..<count]
                } else if !region.isEmpty {
                    body(region)
                    region = []
                }
                position += UInt64(count)
            }
            if !region.isEmpty { body(region) }
        }
    }

    /// Waits until a thread of the process waits in a call that writes to a descriptor.
    func waitUntilItWrites(to descriptor: Int) throws {
        // The numbers of write on x86-64 and on arm64.
        let calls = ["1 0x\(String(descriptor, radix: 16)) ", "64 0x\(String(descriptor, radix: 16)) "]
        while true {
            for task in try entries(of: "/proc/\(process)/task") {
                let call = (try? text(of: "/proc/\(process)/task/\(task)/syscall")) ?? ""
                if calls.contains(where: call.hasPrefix) { return }
            }
            // Z: it has ended, and its parent has not asked yet.
            guard try !text(of: "/proc/\(process)/stat").contains(") Z ") else {
                throw ProgramFailure(description: "the program has ended before it wrote")
            }
            usleep(2000)
        }
    }

    private func text(of path: String) throws -> String {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw ProgramFailure(description: "no \(path): error \(errno)") }
        defer { close(file) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe read(file, &buffer, buffer.count)
            guard count > 0 else { return String(decoding: content, as: UTF8.self) }
            content += buffer[..<count]
        }
    }

    private func entries(of path: String) throws -> [String] {
        guard let directory = unsafe opendir(path) else {
            throw ProgramFailure(description: "no \(path): error \(errno)")
        }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
