/// One member of a zip archive: what its local header, its data descriptor and the central directory say of it
/// (PKWARE's APPNOTE.TXT 6.3, with the Unix conventions of Info-ZIP: extra fields UT and ux, mode in the upper half of
/// the external attributes).
struct ZipMember {
    /// How content is compressed, by the numbers of the format.
    enum Method: UInt16 {
        case stored = 0
        case deflated = 8
    }

    /// The longest name, bytes.
    static let longestName = 65_535
    /// From this size of content on, lengths are written with 64 bits: deflate makes what it cannot shorten a little
    /// longer.
    static let long: UInt64 = 0xFF00_0000
    private static let limit32: UInt64 = 0xFFFF_FFFF
    private static let madeBy: UInt16 = 3 << 8 | 45

    var name: [UInt8]
    /// Kind and permissions as `st_mode` has them.
    var mode: UInt32
    var method = Method.stored
    /// Whether checksum and compressed length follow the content, since they were not known before.
    var hasDescriptor = false
    var checksum: UInt32 = 0
    var size: UInt64 = 0
    var compressedSize: UInt64 = 0
    /// Where the local header begins in the archive.
    var offset: UInt64 = 0
    var seconds: Int64 = 0
    var userID: UInt32 = 0
    var groupID: UInt32 = 0

    init(name: [UInt8], mode: UInt32) {
        self.name = name
        self.mode = mode
    }

    private var isLong: Bool { size >= ZipMember.long || compressedSize >= ZipMember.long }

    private var flags: UInt16 {
        let isASCII = name.allSatisfy { $0 < 0x80 }
        let isUTF8 = !isASCII && String(validating: name, as: UTF8.self) != nil
        return (hasDescriptor ? 1 << 3 : 0) | (isUTF8 ? 1 << 11 : 0)
    }

    /// What stands before the content.
    var localHeader: [UInt8] {
        var extra = ZipBytes()
        if isLong {
            extra.u16(0x0001)
            extra.u16(16)
            extra.u64(hasDescriptor ? 0 : size)
            extra.u64(hasDescriptor ? 0 : compressedSize)
        }
        extra.append(unixFields)
        var header = ZipBytes()
        header.u32(0x0403_4B50)
        header.u16(isLong ? 45 : 20)
        appendCommon(to: &header, isLocal: true)
        header.u16(UInt16(name.count))
        header.u16(UInt16(extra.bytes.count))
        header.append(name)
        header.append(extra.bytes)
        return header.bytes
    }

    /// What stands behind the content if `hasDescriptor`.
    var descriptor: [UInt8] {
        var bytes = ZipBytes()
        bytes.u32(0x0807_4B50)
        bytes.u32(checksum)
        for length in [compressedSize, size] {
            if isLong { bytes.u64(length) } else { bytes.u32(UInt32(length)) }
        }
        return bytes.bytes
    }

    /// The member's place in the central directory.
    var centralHeader: [UInt8] {
        let isFar = offset >= ZipMember.limit32
        var extra = ZipBytes()
        if isLong || isFar {
            extra.u16(0x0001)
            extra.u16((isLong ? 16 : 0) + (isFar ? 8 : 0))
            if isLong {
                extra.u64(size)
                extra.u64(compressedSize)
            }
            if isFar { extra.u64(offset) }
        }
        extra.append(unixFields)
        var header = ZipBytes()
        header.u32(0x0201_4B50)
        header.u16(ZipMember.madeBy)
        header.u16(isLong || isFar ? 45 : 20)
        appendCommon(to: &header, isLocal: false)
        header.u16(UInt16(name.count))
        header.u16(UInt16(extra.bytes.count))
        header.u16(0)  // comment
        header.u16(0)  // disk
        header.u16(0)  // internal attributes
        let isDirectory = mode & 0o170_000 == 0o040_000
        header.u32(mode << 16 | (isDirectory ? 0x10 : 0))
        header.u32(isFar ? UInt32.max : UInt32(offset))
        header.append(name)
        header.append(extra.bytes)
        return header.bytes
    }

    /// What ends an archive of so many members, whose central directory begins at an offset.
    static func end(count: UInt64, directoryOffset: UInt64, directoryLength: UInt64) -> [UInt8] {
        var bytes = ZipBytes()
        if count >= 0xFFFF || directoryOffset >= limit32 || directoryLength >= limit32 {
            bytes.u32(0x0606_4B50)
            bytes.u64(44)
            bytes.u16(madeBy)
            bytes.u16(45)
            bytes.u32(0)
            bytes.u32(0)
            bytes.u64(count)
            bytes.u64(count)
            bytes.u64(directoryLength)
            bytes.u64(directoryOffset)
            bytes.u32(0x0706_4B50)
            bytes.u32(0)
            bytes.u64(directoryOffset + directoryLength)
            bytes.u32(1)
        }
        bytes.u32(0x0605_4B50)
        bytes.u32(0)
        bytes.u16(UInt16(clamping: count))
        bytes.u16(UInt16(clamping: count))
        bytes.u32(UInt32(clamping: directoryLength))
        bytes.u32(UInt32(clamping: directoryOffset))
        bytes.u16(0)
        return bytes.bytes
    }

    private func appendCommon(to header: inout ZipBytes, isLocal: Bool) {
        let isUnknown = isLocal && hasDescriptor
        header.u16(flags)
        header.u16(method.rawValue)
        let (date, time) = ZipMember.dosTime(seconds)
        header.u16(time)
        header.u16(date)
        header.u32(isUnknown ? 0 : checksum)
        for length in [compressedSize, size] {
            header.u32(isLong ? UInt32.max : isUnknown ? 0 : UInt32(length))
        }
    }

    /// Time, and owner by number.
    private var unixFields: [UInt8] {
        var bytes = ZipBytes()
        if let seconds = Int32(exactly: seconds) {
            bytes.u16(0x5455)
            bytes.u16(5)
            bytes.bytes.append(1)
            bytes.u32(UInt32(bitPattern: seconds))
        }
        bytes.u16(0x7875)
        bytes.u16(11)
        bytes.bytes += [1, 4]
        bytes.u32(userID)
        bytes.bytes.append(4)
        bytes.u32(groupID)
        return bytes.bytes
    }

    /// Date and time as MS-DOS has them, of 1980 to 2107, in UTC.
    static func dosTime(_ seconds: Int64) -> (date: UInt16, time: UInt16) {
        guard seconds >= 315_532_800 else { return (1 << 5 | 1, 0) }
        guard seconds < 4_354_819_200 else { return (127 << 9 | 12 << 5 | 31, 23 << 11 | 59 << 5 | 29) }
        let (days, rest) = (seconds / 86_400, seconds % 86_400)
        // Years that begin in March put the leap day last; 719,468 days lie between the first of them and 1970.
        let day = days + 719_468
        let era = day / 146_097
        let dayOfEra = day % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
        let date = UInt16((year - 1980) << 9 | month << 5 | dayOfMonth)
        return (date, UInt16((rest / 3600) << 11 | (rest / 60 % 60) << 5 | rest % 60 / 2))
    }
}

/// Bytes with numbers in little-endian order.
private struct ZipBytes {
    var bytes: [UInt8] = []

    mutating func u16(_ value: UInt16) { integer(value) }
    mutating func u32(_ value: UInt32) { integer(value) }
    mutating func u64(_ value: UInt64) { integer(value) }
    mutating func append(_ more: [UInt8]) { bytes += more }

    private mutating func integer(_ value: some FixedWidthInteger) {
        for shift in stride(from: 0, to: value.bitWidth, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}
