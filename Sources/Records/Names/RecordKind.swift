/// The kinds of objects in a repository, by the letter in their first eight bytes.
package enum RecordKind: UInt8, Sendable, CaseIterable {
    /// `F`: the public header.
    case format = 0x46
    /// `O`: a policy.
    case policy = 0x4F
    /// `K`: a key slot.
    case slot = 0x4B
    /// `P`: a pack.
    case pack = 0x50
    /// `I`: an index fragment.
    case index = 0x49
    /// `L`: a pack list.
    case packList = 0x4C
    /// `C`: a commit.
    case commit = 0x43
    /// `E`: a lease.
    case lease = 0x45
    /// `A`: an attestation.
    case attestation = 0x41
    /// `D`: a prune plan.
    case plan = 0x44
    /// `N`: the record of a plan carried out.
    case planDone = 0x4E
    /// `G`: forgotten commits.
    case forgotten = 0x47
    /// `R`: a receipt.
    case receipt = 0x52
    /// `X`: an erasure.
    case erasure = 0x58
    /// `U`: an audit entry.
    case audit = 0x55
    /// `Y`: parity of a group of objects.
    case parity = 0x59
    /// `H`: snapshots put on hold or released.
    case hold = 0x48

    /// The length of the magic number, in bytes.
    package static let magicByteCount = 8

    /// The bytes that every object of the kind begins with: `HFST-`, the letter, the version digit, a line feed.
    package var magic: [UInt8] {
        [0x48, 0x46, 0x53, 0x54, 0x2D, rawValue, Self.versionDigit, Self.lineFeed]
    }

    /// The largest object of the kind that is read, in bytes.
    package var maximumByteCount: Int {
        switch self {
        case .format, .lease: 64 << 10
        // One that a passphrase, key file or recovery words open: 64 KiB (`KeySlotHeader`).
        case .slot: 1 << 20
        case .policy: 4 << 20
        case .pack, .parity: 512 << 20
        case .index, .packList, .commit, .attestation, .plan, .planDone, .forgotten, .receipt, .erasure, .audit,
            .hold:
            64 << 20
        }
    }

    /// The kind in words, for messages.
    package var name: String {
        switch self {
        case .format: "format header"
        case .policy: "policy"
        case .slot: "key slot"
        case .pack: "pack"
        case .index: "index fragment"
        case .packList: "pack list"
        case .commit: "commit"
        case .lease: "lease"
        case .attestation: "attestation"
        case .plan: "prune plan"
        case .planDone: "record of a finished plan"
        case .forgotten: "record of forgotten commits"
        case .receipt: "receipt"
        case .erasure: "erasure"
        case .audit: "audit entry"
        case .parity: "parity object"
        case .hold: "record of holds"
        }
    }

    private static let versionDigit = UInt8(ascii: "1")
    private static let lineFeed = UInt8(ascii: "\n")

    /// Makes sure that an object begins as one of this kind.
    ///
    /// Throws `.unsupported` for a later version of the format, otherwise `.malformed` saying what it is instead.
    package func checkMagic(of object: ArraySlice<UInt8>) throws(RecordError) {
        let found = Array(object.prefix(Self.magicByteCount))
        guard found.count == Self.magicByteCount else {
            throw RecordError(.malformed, "the \(name) is truncated: it has \(found.count) bytes")
        }
        guard found != magic else { return }
        guard found[0..<5] == magic[0..<5] else {
            throw RecordError(.malformed, "the object is no \(name): it does not begin with \"HFST-\"")
        }
        guard found[5] == rawValue else {
            let other = RecordKind(rawValue: found[5])?.name ?? "object of an unknown kind"
            throw RecordError(.malformed, "the object is not a \(name) but says that it is a \(other)")
        }
        guard found[7] == Self.lineFeed else {
            throw RecordError(.malformed, "the \(name) was altered by a transfer in text mode, or is damaged")
        }
        guard (UInt8(ascii: "2")...UInt8(ascii: "9")).contains(found[6]) else {
            throw RecordError(.malformed, "the \(name) has a damaged version digit")
        }
        let version = found[6] - UInt8(ascii: "0")
        throw RecordError(
            .unsupported,
            "the \(name) has a newer format, version \(version); this version of the program reads version 1"
        )
    }

    /// Makes sure that an object of this size may be read; throws `.tooLarge`.
    package func checkSize(_ byteCount: Int) throws(RecordError) {
        guard byteCount <= maximumByteCount else {
            throw RecordError(
                .tooLarge,
                "the \(name) has \(byteCount) bytes; the format permits at most \(maximumByteCount)"
            )
        }
    }
}
