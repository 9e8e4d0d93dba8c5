import Cryptography
import Records

/// Remembers pages that were verified with all that is below them, so that pages that snapshots share are read once.
///
/// A page is the same only if all that is said of it is the same as well: level, sums, digest, its first entry, and the
/// entry that follows it. Bounded: when it is full, it begins anew, which costs time only.
struct PageFingerprints: ~Copyable {
    /// The first 16 bytes of a SHA-256.
    struct Fingerprint: Hashable {
        var high: UInt64
        var low: UInt64
    }

    private static let limit = 1_000_000
    private var known: Set<Fingerprint> = []
    /// The entries of hard-link groups on leaves that have any.
    private var members: [Fingerprint: [InodeAgreement.Member]] = [:]
    private var message: [UInt8] = []
    private var hash: SHA256

    init() throws {
        hash = try SHA256()
    }

    /// What stands for a page where it is referred to.
    mutating func fingerprint(_ claims: PageClaims, before following: Place?) throws -> Fingerprint {
        message.removeAll(keepingCapacity: true)
        claims.id.append(to: &message)
        message.append(UInt8(truncatingIfNeeded: claims.level))
        for sum in [claims.entries, claims.contentBytes] {
            message.append(sum == nil ? 0 : 1)
            Varint.append(sum ?? 0, to: &message)
        }
        message.append(claims.digest == nil ? 0 : 1)
        (claims.digest ?? .zero).append(to: &message)
        append(claims.first.map { Place(path: $0.path, kind: $0.kind) })
        append(following)
        let bytes = message
        unsafe try hash.update(bytes.span.bytes)
        let digest = try hash.finalize().bytes
        func word(_ start: Int) -> UInt64 { digest[start..<(start + 8)].reduce(0) { $0 << 8 | UInt64($1) } }
        return Fingerprint(high: word(0), low: word(8))
    }

    private mutating func append(_ place: Place?) {
        guard let place else { return message.append(0) }
        message.append(place.kind.rawValue)
        Varint.append(UInt64(place.path.count), to: &message)
        message += place.path
    }

    /// Whether the page was verified.
    func contains(_ fingerprint: Fingerprint) -> Bool { known.contains(fingerprint) }

    /// The entries of hard-link groups on a leaf that was verified.
    func members(of fingerprint: Fingerprint) -> [InodeAgreement.Member] { members[fingerprint] ?? [] }

    /// Notes that it was, and which entries of hard-link groups are on it; none are below an inner page that is noted.
    mutating func insert(_ fingerprint: Fingerprint, members: [InodeAgreement.Member]) {
        if known.count >= Self.limit || self.members.count >= Self.limit {
            known.removeAll(keepingCapacity: true)
            self.members.removeAll()
        }
        known.insert(fingerprint)
        if !members.isEmpty { self.members[fingerprint] = members }
    }
}

/// Where an entry stands in a manifest.
struct Place {
    var path: [UInt8]
    var kind: EntryKind
}
