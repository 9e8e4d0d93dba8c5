/// What a server says about a file (draft-ietf-secsh-filexfer-02 §5); each part may be missing.
package struct SFTPAttributes: Equatable, Sendable {
    /// The length, bytes.
    package var size: UInt64?
    /// Kind and permissions, as in st_mode.
    package var mode: UInt32?
    /// The last change, seconds since 1970.
    package var modified: UInt32?

    /// Attributes that say nothing.
    package init() {}

    /// Whether it is a file; nil where the server does not say.
    var isFile: Bool? { mode.map { $0 & 0xF000 == 0x8000 } }
    /// Whether it is a directory; nil where the server does not say.
    var isDirectory: Bool? { mode.map { $0 & 0xF000 == 0x4000 } }
}

extension SFTPAttributes {
    private enum Flag {
        static let size: UInt32 = 1
        static let owner: UInt32 = 2
        static let mode: UInt32 = 4
        static let times: UInt32 = 8
        static let extended: UInt32 = 0x8000_0000
    }

    init(_ reader: inout SFTPFieldReader) throws(SFTPFormatError) {
        let flags = try reader.uint32()
        if flags & Flag.size != 0 { size = try reader.uint64() }
        if flags & Flag.owner != 0 {
            _ = try reader.uint32()
            _ = try reader.uint32()
        }
        if flags & Flag.mode != 0 { mode = try reader.uint32() }
        if flags & Flag.times != 0 {
            _ = try reader.uint32()
            modified = try reader.uint32()
        }
        if flags & Flag.extended != 0 {
            let count = try reader.uint32()
            // Each pair is two lengths at least.
            guard count <= reader.remaining / 8 else {
                throw SFTPFormatError("it counts more attributes than it holds")
            }
            for _ in 0..<count {
                _ = try reader.string()
                _ = try reader.string()
            }
        }
    }

    /// The bytes of these attributes; without anything in them just the flags.
    func append(to bytes: inout [UInt8]) {
        bytes.append(field: (size == nil ? 0 : Flag.size) | (mode == nil ? 0 : Flag.mode))
        if let size { bytes.append(field: size) }
        if let mode { bytes.append(field: mode) }
    }

    /// Attributes that ask for permissions and nothing else.
    static func permissions(_ mode: UInt32) -> SFTPAttributes {
        var attributes = SFTPAttributes()
        attributes.mode = mode
        return attributes
    }
}
