/// An answer of a server, in version 3 (draft-ietf-secsh-filexfer-02 §7).
package enum SFTPReply: Equatable, Sendable {
    /// The server's version and the names of what it does beyond it.
    case version(UInt32, extensions: [String: [UInt8]])
    /// How a request ended.
    case status(SFTPStatus)
    /// An open file or directory.
    case handle([UInt8])
    /// Bytes of a file.
    case data(ArraySlice<UInt8>)
    /// Names in a directory.
    case names([SFTPName])
    /// What is known of a file.
    case attributes(SFTPAttributes)
    /// An answer whose form the request determines.
    case extended(ArraySlice<UInt8>)

    /// The longest packet that is taken, bytes; OpenSSH's own limit is 256 KiB.
    package static let maximumByteCount = 512 * 1024

    /// Reads a packet without its length.
    ///
    /// - Returns: the answer and the number of the request it answers; a version answers none.
    package static func decode(_ packet: [UInt8]) throws(SFTPFormatError) -> (id: UInt32?, reply: SFTPReply) {
        var reader = SFTPFieldReader(packet)
        let type = try reader.byte()
        if type == 2 { return (nil, try version(&reader)) }
        let id = try reader.uint32()
        switch type {
        case 101: return (id, .status(try SFTPStatus(&reader)))
        case 102:
            let handle = try reader.string()
            // The draft's own bound (§6.3).
            guard handle.count <= 256 else { throw SFTPFormatError("a handle of \(handle.count) bytes is too long") }
            return (id, .handle(Array(handle)))
        case 103: return (id, .data(try reader.string()))
        case 104: return (id, .names(try names(&reader)))
        case 105: return (id, .attributes(try SFTPAttributes(&reader)))
        case 201: return (id, .extended(packet[reader.position...]))
        default: throw SFTPFormatError("its type \(type) is unknown")
        }
    }

    private static func version(_ reader: inout SFTPFieldReader) throws(SFTPFormatError) -> SFTPReply {
        let number = try reader.uint32()
        var extensions: [String: [UInt8]] = [:]
        while reader.remaining > 0 {
            let name = String(decoding: try reader.string(), as: UTF8.self)
            extensions[name] = Array(try reader.string())
        }
        return .version(number, extensions: extensions)
    }

    private static func names(_ reader: inout SFTPFieldReader) throws(SFTPFormatError) -> SFTPReply.Names {
        let count = try reader.uint32()
        // Each is two lengths and flags at least.
        guard count <= reader.remaining / 12 else { throw SFTPFormatError("it counts more names than it holds") }
        var names: [SFTPName] = []
        names.reserveCapacity(Int(count))
        for _ in 0..<count {
            let name = Array(try reader.string())
            // The line that ls would print, for people.
            _ = try reader.string()
            names.append(SFTPName(name: name, attributes: try SFTPAttributes(&reader)))
        }
        return names
    }

    package typealias Names = [SFTPName]
}

/// A name in a directory.
package struct SFTPName: Equatable, Sendable {
    /// The name's bytes.
    package var name: [UInt8]
    /// What the server says about it.
    package var attributes: SFTPAttributes
}

/// How a request ended (draft-ietf-secsh-filexfer-02 §7).
package struct SFTPStatus: Equatable, Sendable {
    /// The number; 0 is success.
    package var code: UInt32
    /// The server's words, if it has any.
    package var message: String

    static let success: UInt32 = 0
    static let endOfFile: UInt32 = 1
    static let noSuchFile: UInt32 = 2
    static let permissionDenied: UInt32 = 3
    static let failure: UInt32 = 4
    static let noConnection: UInt32 = 6
    static let connectionLost: UInt32 = 7
    static let unsupported: UInt32 = 8

    init(_ reader: inout SFTPFieldReader) throws(SFTPFormatError) {
        code = try reader.uint32()
        // Some servers leave words and language out.
        message = reader.remaining > 0 ? String(decoding: try reader.string().prefix(1024), as: UTF8.self) : ""
    }
}
