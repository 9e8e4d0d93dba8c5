internal import Cryptography

/// What has been counted below each directory that has not ended, the innermost last.
///
/// The objects are used again, so that opening a directory allocates only at a depth not reached before.
struct OpenDirectories {
    /// The sums of one open directory.
    final class Sums {
        /// Entries below the directory, without ends.
        fileprivate(set) var entries: UInt64 = 0
        /// The sizes of the regular files among them, added up.
        fileprivate(set) var contentBytes: UInt64 = 0
        /// Whether part of the directory was passed over, so that the sums mean nothing.
        fileprivate(set) var isPartial = false
        /// The hash of their digests, if it is wanted.
        fileprivate let chain: DigestChain?

        /// Zero sums.
        fileprivate init(digests: Bool) throws {
            chain = digests ? try DigestChain() : nil
        }

        /// D of the directory, if digests are computed; empties the chain.
        func digest() throws -> Digest? { try chain?.finish() }
    }

    private static let prefix = Array("holdfast/v1/directory\0".utf8)
    private let digests: Bool
    private var sums: [Sums] = []
    /// The number of open directories.
    private(set) var depth = 0

    /// No open directory; `digests` says whether to compute D of each.
    init(digests: Bool) {
        self.digests = digests
    }

    /// The innermost open directory.
    var innermost: Sums? { depth > 0 ? sums[depth - 1] : nil }

    /// Opens a directory; a partial one is not going to be seen whole.
    mutating func push(isPartial: Bool = false) throws {
        if depth == sums.count { sums.append(try Sums(digests: digests)) }
        let top = sums[depth]
        depth += 1
        top.entries = 0
        top.contentBytes = 0
        top.isPartial = isPartial
        // What a directory left open by a jump had hashed is discarded here.
        if let chain = top.chain {
            _ = try chain.finish()
            try chain.begin(with: Self.prefix)
        }
    }

    /// Closes the innermost directory and returns it; nil if none is open.
    mutating func pop() -> Sums? {
        guard depth > 0 else { return nil }
        depth -= 1
        return sums[depth]
    }

    /// Says that what is below the innermost directory is passed over.
    func skipInnermost() {
        innermost?.isPartial = true
    }

    /// Forgets all open directories and takes so many others for open, of which nothing is known.
    mutating func jump(toDepth newDepth: Int) throws {
        depth = 0
        for _ in 0..<newDepth { try push(isPartial: true) }
    }

    /// Counts entries of the innermost directory; sums that overflow throw `.tooLarge`.
    func count(entries: UInt64, contentBytes: UInt64) throws {
        guard let top = innermost else { return }
        top.entries = try checkedSum(top.entries, entries, "a number of entries")
        top.contentBytes = try checkedSum(top.contentBytes, contentBytes, "the size of a directory's content")
    }

    /// Adds E of an entry of the innermost directory, or D of a directory in it.
    func add(_ digest: Digest) throws {
        try innermost?.chain?.add(digest)
    }
}
