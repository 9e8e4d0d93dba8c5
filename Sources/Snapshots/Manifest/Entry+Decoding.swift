internal import Cryptography
internal import Records

extension Entry {
    /// Reads the fields of an entry whose path and kind are known, and validates it.
    ///
    /// Throws a ``ManifestError`` or a `RecordError`, which names the field.
    init(path: [UInt8], kind: EntryKind, fields: ArraySlice<UInt8>) throws {
        self.init(path: path, kind: kind)
        var reader = FieldReader(fields, what: "entry", repeated: EntryTag.repeated)
        var attributeList: [ExtendedAttribute] = []
        while let field = try reader.next() {
            switch field.tag {
            case EntryTag.permissions:
                permissions = UInt16(clamping: try field.integer())
            case EntryTag.userName:
                userName = try field.text()
            case EntryTag.userID:
                userID = try field.integer32()
            case EntryTag.groupName:
                groupName = try field.text()
            case EntryTag.groupID:
                groupID = try field.integer32()
            case EntryTag.modifiedSeconds:
                modifiedSeconds = try field.signed()
            case EntryTag.modifiedNanoseconds:
                modifiedNanoseconds = try field.integer32()
            case EntryTag.size:
                size = try field.integer()
            case EntryTag.contentHash:
                contentHash = try field.digest()
            case EntryTag.extents:
                guard !field.value.isEmpty else { throw invalid("has an empty list of extents") }
                content = .inline(try ExtentCoding.readAll(field.value, atMost: Self.mostInlineExtents))
            case EntryTag.extentTree:
                guard content == .none else { throw invalid("has both extents and an extent tree") }
                content = try Self.readTree(field)
            case EntryTag.linkTarget:
                linkTarget = try field.bytes()
            case EntryTag.attribute:
                attributeList.append(try ExtendedAttributeCoding.decodeField(field.value))
            case EntryTag.storedAttributes:
                guard attributeList.isEmpty else { throw invalid("has extended attributes both here and elsewhere") }
                attributes = try Self.readStoredAttributes(field)
            default:
                try readRareField(field)
            }
        }
        if !attributeList.isEmpty { attributes = .inline(attributeList) }
        try validate()
    }

    private mutating func readRareField(_ field: Field) throws {
        switch field.tag {
        case EntryTag.deviceMajor:
            deviceMajor = try field.integer32()
        case EntryTag.deviceMinor:
            deviceMinor = try field.integer32()
        case EntryTag.hardLinkGroup:
            hardLinkGroup = try field.integer()
        case EntryTag.flags:
            flags = EntryFlags(rawValue: try field.integer())
        case EntryTag.entryCount:
            entryCount = try field.integer()
        case EntryTag.contentBytes:
            contentBytes = try field.integer()
        case EntryTag.subtreeDigest:
            subtreeDigest = try field.digest()
        case EntryTag.sparseHash:
            sparseHash = try field.digest()
        default:
            try field.requireKnown("entry", keep: &preservedFields)
        }
    }

    private static func readTree(_ field: Field) throws -> Content {
        var reader = try field.reader(what: "extent tree")
        var root: ChunkID?
        var level: UInt64 = 0
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 1: root = try field.digest()
            case 3: level = try field.integer()
            default: try field.requireKnown("extent tree", keep: &unknown)
            }
        }
        guard let root, level <= UInt64(ExtentPage.highestLevel) else {
            throw ManifestError(.malformed, "an extent tree has no root, or a root of level \(level)")
        }
        return .tree(root: root, level: Int(level))
    }

    private static func readStoredAttributes(_ field: Field) throws -> AttributeList {
        var reader = try field.reader(what: "attributes")
        var hash: Digest?
        var extents: [Extent] = []
        var byteCount: UInt64 = 0
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 1: hash = try field.digest()
            case 3: extents = try ExtentCoding.readAll(field.value, atMost: ExtentPage.mostItems)
            case 5: byteCount = try field.integer()
            default: try field.requireKnown("attributes", keep: &unknown)
            }
        }
        guard let hash else { throw ManifestError(.malformed, "stored extended attributes have no hash") }
        return .stored(hash: hash, extents: extents, byteCount: byteCount)
    }
}
