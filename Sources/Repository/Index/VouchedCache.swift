import Cryptography
import FileSystem
import Records

/// Remembers which fragments each verified pack list names, so that lists are read and verified once.
struct VouchedCache {
    private static let name = Array("lists".utf8)
    private static let magic = Array("HFSLIST1".utf8)
    let directory: Directory?

    /// Fragment names by pack list; nothing if the file is missing or damaged.
    func load() -> [String: [ObjectHash]] {
        guard let directory, let bytes = try? directory.readFile(VouchedCache.name, limit: 256 << 20),
            bytes.count >= 40, bytes.starts(with: VouchedCache.magic)
        else { return [:] }
        let body = unsafe bytes.span.bytes.extracting(0..<(bytes.count - 32))
        guard let expected = unsafe Digest(in: bytes.span.bytes, at: bytes.count - 32),
            (try? SHA256.hash(body)) == expected
        else { return [:] }
        return (try? decode(bytes[8..<(bytes.count - 32)])) ?? [:]
    }

    private func decode(_ bytes: ArraySlice<UInt8>) throws -> [String: [ObjectHash]] {
        var reader = ByteReader(bytes, what: "list cache")
        var lists: [String: [ObjectHash]] = [:]
        while !reader.isAtEnd {
            let name = String(decoding: try reader.bytes(Int(try reader.u32())), as: UTF8.self)
            let count = Int(try reader.u32())
            var fragments: [ObjectHash] = []
            for _ in 0..<count { fragments.append(try reader.digest()) }
            lists[name] = fragments
        }
        return lists
    }

    /// Replaces the file; a failure costs time later, so it is only told.
    func store(_ lists: [String: [ObjectHash]], warn: (String) -> Void) {
        guard let directory else { return }
        do {
            var bytes = VouchedCache.magic
            for (name, fragments) in lists {
                bytes.appendLittleEndian(UInt32(name.utf8.count))
                bytes += name.utf8
                bytes.appendLittleEndian(UInt32(fragments.count))
                for fragment in fragments { fragment.append(to: &bytes) }
            }
            try unsafe SHA256.hash(bytes.span.bytes).append(to: &bytes)
            try directory.writeFileAtomically(VouchedCache.name, bytes)
        } catch {
            warn("the list cache cannot be written: \(error)")
        }
    }
}
