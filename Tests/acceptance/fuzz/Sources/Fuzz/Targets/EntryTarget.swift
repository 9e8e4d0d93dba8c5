import Cryptography

@testable import ManifestSamples
@testable import Records
@testable import Snapshots

/// The fields of an entry, and the list of extended attributes that is stored apart.
final class EntryTarget: FuzzTarget {
    static let name = "entry"
    static let parsers = [
        "Snapshots/Manifest/Entry+Decoding.swift", "Snapshots/Manifest/Entry+Encoding.swift",
        "Snapshots/Manifest/Entry+Validation.swift", "Snapshots/Manifest/EntryTag.swift",
        "Snapshots/Manifest/ExtendedAttributeCoding.swift", "Snapshots/Manifest/ExtentCoding.swift",
        "Snapshots/Manifest/FieldAppending.swift",
    ]
    static func shape(of input: [UInt8]) -> InputShape { .head(1, .fields) }

    /// The kind and the fields; kind 0 is a list of attributes.
    func run(_ input: [UInt8]) throws {
        let rawKind = (input.first ?? 0) % 9
        let bytes = Array(input.dropFirst())
        guard let kind = EntryKind(rawValue: rawKind) else { return try checkAttributes(bytes) }
        let path = Array("a/b".utf8)
        guard let entry = try attempt({ try Entry(path: path, kind: kind, fields: bytes[...]) }) else { return }
        try entry.validate()
        var written: [UInt8] = []
        try entry.appendFields(to: &written)
        try require(
            try Entry(path: path, kind: kind, fields: written[...]) == entry,
            "an entry changes when it is written and read"
        )
        // Optional fields of later versions within fields are not carried along.
        if try !hasInnerOptionalFields(bytes) {
            try require(written == bytes, "an entry is written otherwise than it was read")
        }
        var digester = try EntryDigester()
        if kind != .directoryEnd { _ = try digester.digest(kind, name: entry.name, fields: bytes[...]) }
    }

    private func hasInnerOptionalFields(_ bytes: [UInt8]) throws -> Bool {
        var reader = FieldReader(bytes, what: "entry", repeated: EntryTag.repeated)
        while let field = try reader.next() {
            guard field.tag == EntryTag.extentTree || field.tag == EntryTag.storedAttributes else { continue }
            var inner = FieldReader(field.value, what: "field")
            while let field = try inner.next() { if field.tag.isMultiple(of: 2) { return true } }
        }
        return false
    }

    private func checkAttributes(_ bytes: [UInt8]) throws {
        guard let attributes = try attempt({ try ExtendedAttributeCoding.decode(bytes) }) else { return }
        try require(
            ExtendedAttributeCoding.encode(attributes) == bytes,
            "extended attributes are written otherwise than they were read"
        )
        for attribute in attributes {
            try require(
                (1...255).contains(attribute.name.count),
                "an attribute's name of \(attribute.name.count) bytes"
            )
        }
    }

    func seeds() throws -> [[UInt8]] {
        var sample = RandomManifest(seed: 70)
        var seeds: [[UInt8]] = []
        for entry in sample.entries(count: 60) {
            var fields: [UInt8] = []
            try entry.appendFields(to: &fields)
            seeds.append([entry.kind.rawValue] + fields)
        }
        var tree = sample.file("t", size: 1 << 30)
        tree.content = .tree(root: TreeSamples.reference(4), level: 2)
        tree.preservedFields.keep(40, [1, 2, 3])
        tree.preservedFields.keep(42, [])
        var end = Entry(path: Array("d".utf8), kind: .directoryEnd)
        end.entryCount = 9
        end.contentBytes = 1 << 40
        end.subtreeDigest = TreeSamples.reference(5)
        for entry in [tree, end] {
            var fields: [UInt8] = []
            try entry.appendFields(to: &fields)
            seeds.append([entry.kind.rawValue] + fields)
        }
        let attributes = ["system.posix_acl_access", "trusted.x", "user.comment"].map { name in
            ExtendedAttribute(name: Array(name.utf8), value: [UInt8](repeating: 7, count: name.count))
        }
        return seeds + [[0] + ExtendedAttributeCoding.encode(attributes)]
    }
}

extension RandomManifest {
    /// A file with one extent.
    fileprivate func file(_ name: String, size: UInt64) -> Entry { file(Array(name.utf8), size: size) }
}
