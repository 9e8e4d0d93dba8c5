internal import Cryptography
internal import Records

extension Entry {
    /// Adds the fields, as format.md §12.1 lists them, at the end of a buffer; the entry must be valid.
    func appendFields(to buffer: inout [UInt8]) throws {
        guard preservedFields.isEmpty else { return try appendMergedFields(to: &buffer) }
        appendInterpretedFields(to: &buffer)
    }

    private func appendInterpretedFields(to buffer: inout [UInt8]) {
        if kind == .directoryEnd {
            buffer.appendField(EntryTag.entryCount, integer: entryCount)
            buffer.appendField(EntryTag.contentBytes, integer: contentBytes)
            buffer.appendField(EntryTag.subtreeDigest, digest: subtreeDigest)
            return
        }
        buffer.appendField(EntryTag.permissions, integer: UInt64(permissions))
        buffer.appendField(EntryTag.userName, text: userName)
        buffer.appendField(EntryTag.userID, integer: UInt64(userID))
        buffer.appendField(EntryTag.groupName, text: groupName)
        buffer.appendField(EntryTag.groupID, integer: UInt64(groupID))
        buffer.appendField(EntryTag.modifiedSeconds, signed: modifiedSeconds)
        buffer.appendField(EntryTag.modifiedNanoseconds, integer: UInt64(modifiedNanoseconds))
        buffer.appendField(EntryTag.size, integer: size)
        buffer.appendField(EntryTag.contentHash, digest: contentHash)
        appendContent(to: &buffer)
        buffer.appendField(EntryTag.linkTarget, bytes: linkTarget)
        buffer.appendField(EntryTag.deviceMajor, integer: UInt64(deviceMajor))
        buffer.appendField(EntryTag.deviceMinor, integer: UInt64(deviceMinor))
        buffer.appendField(EntryTag.hardLinkGroup, integer: hardLinkGroup)
        appendAttributes(to: &buffer)
        buffer.appendField(EntryTag.flags, integer: flags.rawValue)
        buffer.appendField(EntryTag.sparseHash, digest: sparseHash)
    }

    private func appendContent(to buffer: inout [UInt8]) {
        switch content {
        case .none: break
        case .inline(let extents):
            buffer.appendFieldHeader(EntryTag.extents, length: ExtentCoding.encodedLength(extents))
            for extent in extents { ExtentCoding.append(extent, to: &buffer) }
        case .tree(let root, let level):
            let length = 2 + Digest.byteCount + (level == 0 ? 0 : 2 + Varint.byteCount(of: UInt64(level)))
            buffer.appendFieldHeader(EntryTag.extentTree, length: length)
            buffer.appendField(1, digest: root)
            buffer.appendField(3, integer: UInt64(level))
        }
    }

    private func appendAttributes(to buffer: inout [UInt8]) {
        switch attributes {
        case .inline(let list):
            for attribute in list {
                let nameLength = Varint.byteCount(of: UInt64(attribute.name.count)) + attribute.name.count
                buffer.appendFieldHeader(EntryTag.attribute, length: nameLength + attribute.value.count)
                Varint.append(UInt64(attribute.name.count), to: &buffer)
                buffer.append(contentsOf: attribute.name)
                buffer.append(contentsOf: attribute.value)
            }
        case .stored(let hash, let extents, let byteCount):
            let extentsLength = ExtentCoding.encodedLength(extents)
            let length =
                2 + Digest.byteCount
                + 1 + Varint.byteCount(of: UInt64(extentsLength)) + extentsLength
                + 2 + Varint.byteCount(of: byteCount)
            buffer.appendFieldHeader(EntryTag.storedAttributes, length: length)
            buffer.appendField(1, digest: hash)
            buffer.appendFieldHeader(3, length: extentsLength)
            for extent in extents { ExtentCoding.append(extent, to: &buffer) }
            buffer.appendField(5, integer: byteCount)
        }
    }

    /// The slow way, for entries with fields that this version only carries along.
    private func appendMergedFields(to buffer: inout [UInt8]) throws {
        var interpreted: [UInt8] = []
        appendInterpretedFields(to: &interpreted)
        var reader = FieldReader(interpreted, what: "entry", repeated: EntryTag.repeated)
        var writer = FieldWriter()
        while let field = try reader.next() { writer.raw(field.tag, Array(field.value)) }
        writer.unknown(preservedFields)
        buffer.append(contentsOf: writer.bytes)
    }
}
