/// What the kernel says of this process's memory.
package enum ProcessMemory {
    /// Resident anonymous memory (RssAnon), bytes; nothing where `/proc` is not mounted.
    ///
    /// Mapped files are not in it: their pages are the kernel's cache and go when others need the memory.
    package static func anonymousByteCount() -> UInt64? {
        guard let directory = try? Directory.open(path: Array("/proc/self".utf8)),
            let file = try? directory.openFile(Array("status".utf8), for: .reading),
            let bytes = try? file.readToEnd(limit: 1 << 16)
        else { return nil }
        for line in bytes.split(separator: UInt8(ascii: "\n")) where line.starts(with: "RssAnon:".utf8) {
            let digits = line.filter { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            return UInt64(String(decoding: digits, as: UTF8.self)).map { $0 << 10 }
        }
        return nil
    }
}
