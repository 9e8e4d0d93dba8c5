/// One member of a tar archive, before its content: a header in the form of ustar (POSIX.1-1988), preceded where that has
/// no room by an extended header of pax (POSIX.1-2001).
///
/// Names, link targets and attributes are raw bytes there, as the common tar programs read and write them.
struct TarHeader {
    /// The type flags of members that are written here.
    enum Flag: UInt8 {
        case regular = 0x30
        case hardLink = 0x31
        case symbolicLink = 0x32
        case characterDevice = 0x33
        case blockDevice = 0x34
        case directory = 0x35
        case fifo = 0x36
        case extended = 0x78
    }

    /// The length of a header and the unit of content, bytes.
    static let blockLength = 512
    /// The largest number of eleven octal digits: sizes and times.
    private static let longNumber: UInt64 = 0o77_777_777_777
    /// The largest number of seven octal digits: owners, permissions and devices.
    private static let shortNumber: UInt64 = 0o7_777_777

    var path: [UInt8]
    var flag: Flag
    var permissions: UInt16 = 0
    var userID: UInt32 = 0
    var groupID: UInt32 = 0
    var userName = ""
    var groupName = ""
    var size: UInt64 = 0
    var seconds: Int64 = 0
    var nanoseconds: UInt32 = 0
    var linkTarget: [UInt8] = []
    var deviceMajor: UInt32 = 0
    var deviceMinor: UInt32 = 0
    var attributes: [ExtendedAttribute] = []

    init(path: [UInt8], flag: Flag) {
        self.path = path
        self.flag = flag
    }

    /// Adds the header, and what must stand before it, at the end of a buffer, in whole blocks.
    func append(to buffer: inout [UInt8]) {
        let records = paxRecords()
        if !records.isEmpty {
            var extended = TarHeader(path: Array("././@PaxHeader".utf8), flag: .extended)
            extended.permissions = 0o644
            extended.size = UInt64(records.count)
            extended.appendUstar(to: &buffer)
            buffer += records
            TarHeader.pad(&buffer)
        }
        appendUstar(to: &buffer)
    }

    /// Adds zeros up to the end of the block.
    static func pad(_ buffer: inout [UInt8]) {
        let rest = buffer.count % blockLength
        if rest > 0 { buffer.append(contentsOf: repeatElement(0, count: blockLength - rest)) }
    }

    // MARK: ustar

    private func appendUstar(to buffer: inout [UInt8]) {
        let start = buffer.count
        let (prefix, name) = splitPath ?? ([], path[...])
        append(name, length: 100, to: &buffer)
        appendOctal(UInt64(permissions), length: 8, to: &buffer)
        appendOctal(UInt64(userID) <= TarHeader.shortNumber ? UInt64(userID) : 0, length: 8, to: &buffer)
        appendOctal(UInt64(groupID) <= TarHeader.shortNumber ? UInt64(groupID) : 0, length: 8, to: &buffer)
        appendOctal(size <= TarHeader.longNumber ? size : 0, length: 12, to: &buffer)
        appendOctal(min(UInt64(clamping: seconds), TarHeader.longNumber), length: 12, to: &buffer)
        // The sum is computed as if its own field were blanks.
        buffer.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 8))
        buffer.append(flag.rawValue)
        append(linkTarget[...], length: 100, to: &buffer)
        buffer += Array("ustar\0".utf8) + Array("00".utf8)
        append(Array(userName.utf8)[...], length: 32, to: &buffer)
        append(Array(groupName.utf8)[...], length: 32, to: &buffer)
        appendOctal(min(UInt64(deviceMajor), TarHeader.shortNumber), length: 8, to: &buffer)
        appendOctal(min(UInt64(deviceMinor), TarHeader.shortNumber), length: 8, to: &buffer)
        append(prefix, length: 155, to: &buffer)
        buffer.append(contentsOf: repeatElement(0, count: 12))
        let sum = buffer[start...].reduce(0) { $0 + UInt64($1) }
        let digits = TarHeader.octal(sum, digits: 6)
        buffer.replaceSubrange((start + 148)..<(start + 154), with: digits)
        buffer[start + 154] = 0
    }

    /// The path as the two fields that ustar has for it; nil if they have no room for it.
    private var splitPath: (prefix: ArraySlice<UInt8>, name: ArraySlice<UInt8>)? {
        if path.count <= 100 { return ([], path[...]) }
        // A slash at the end belongs to the name.
        for index in path.indices.dropLast().reversed() where path[index] == UInt8(ascii: "/") {
            if index > 155 { continue }
            return path.count - index - 1 <= 100 && index > 0 ? (path[..<index], path[(index + 1)...]) : nil
        }
        return nil
    }

    private func append(_ bytes: ArraySlice<UInt8>, length: Int, to buffer: inout [UInt8]) {
        let kept = bytes.prefix(length)
        buffer += kept
        buffer.append(contentsOf: repeatElement(0, count: length - kept.count))
    }

    private func appendOctal(_ number: UInt64, length: Int, to buffer: inout [UInt8]) {
        buffer += TarHeader.octal(number, digits: length - 1)
        buffer.append(0)
    }

    private static func octal(_ number: UInt64, digits: Int) -> [UInt8] {
        let text = Array(String(number, radix: 8).utf8)
        return [UInt8](repeating: UInt8(ascii: "0"), count: max(0, digits - text.count)) + text
    }

    // MARK: pax

    private func paxRecords() -> [UInt8] {
        var records: [UInt8] = []
        func add(_ keyword: String, _ value: [UInt8]) {
            records += TarHeader.paxRecord(keyword: Array(keyword.utf8), value: value)
        }
        func addNumber(_ keyword: String, _ value: UInt64) { add(keyword, Array(String(value).utf8)) }
        if flag == .extended { return [] }
        if splitPath == nil { add("path", path) }
        if linkTarget.count > 100 { add("linkpath", linkTarget) }
        if size > TarHeader.longNumber { addNumber("size", size) }
        if UInt64(userID) > TarHeader.shortNumber { addNumber("uid", UInt64(userID)) }
        if UInt64(groupID) > TarHeader.shortNumber { addNumber("gid", UInt64(groupID)) }
        if userName.utf8.count > 32 { add("uname", Array(userName.utf8)) }
        if groupName.utf8.count > 32 { add("gname", Array(groupName.utf8)) }
        if nanoseconds > 0 || seconds < 0 || UInt64(clamping: seconds) > TarHeader.longNumber {
            add("mtime", Array(decimalTime.utf8))
        }
        for attribute in attributes {
            records += TarHeader.paxRecord(
                keyword: Array("SCHILY.xattr.".utf8) + TarHeader.escaped(attribute.name),
                value: attribute.value
            )
        }
        return records
    }

    /// An attribute's name as GNU tar writes it, for `=` ends a keyword.
    private static func escaped(_ name: [UInt8]) -> [UInt8] {
        name.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "%"): Array("%25".utf8)
            case UInt8(ascii: "="): Array("%3D".utf8)
            default: [byte]
            }
        }
    }

    /// The time as a decimal fraction; before 1970 the nanoseconds are counted from the second before.
    private var decimalTime: String {
        if nanoseconds == 0 { return String(seconds) }
        let isNegative = seconds < 0
        let whole = isNegative ? -(seconds + 1) : seconds
        let fraction = String(isNegative ? 1_000_000_000 - nanoseconds : nanoseconds)
        let zeros = String(repeating: "0", count: 9 - fraction.utf8.count)
        return "\(isNegative ? "-" : "")\(whole).\(zeros)\(fraction)"
    }

    /// `length keyword=value` and a line feed, where the length counts its own digits too.
    static func paxRecord(keyword: [UInt8], value: [UInt8]) -> [UInt8] {
        let rest = 1 + keyword.count + 1 + value.count + 1
        var length = rest + String(rest).utf8.count
        // One more digit may be needed for the length that counts the digits.
        if rest + String(length).utf8.count != length { length = rest + String(length).utf8.count }
        return Array("\(length) ".utf8) + keyword + [UInt8(ascii: "=")] + value + [UInt8(ascii: "\n")]
    }
}
