import Cryptography
package import FileSystem
package import Records

/// What this host remembers of a repository: its own chain of commits, and the heads and policy it has seen.
///
/// Unlike the cache it is not derivable. Losing it is harmless to data (the next run starts a new incarnation) but
/// forgets what a roll-back would be recognised by.
package struct LocalState: Sendable, Hashable {
    /// The chain that this host continues, for each member whose key is used on it.
    package var ownHeads: [MemberID: CommitHead] = [:]
    /// The highest policy seen.
    package var policyNumber: UInt64 = 0
    /// The hash of that policy.
    package var policyHash: ObjectHash?
    /// The highest commit seen of each chain.
    package var heads: [ChainID: CommitHead] = [:]
    /// How many records of forgotten commits were seen.
    package var forgottenRecords: UInt64 = 0
    /// How many records of holds were seen.
    package var holds: UInt64 = 0
    /// How many receipts were seen of each member whose key is used on this host.
    package var receipts: [MemberID: UInt64] = [:]
    /// When this host last looked for new commits and wrote receipts for them, ns; 0 for never.
    package var lastLook: Int64 = 0

    /// Nothing remembered.
    package init() {}

    /// Notes a commit if it is higher than what is remembered of its chain.
    package mutating func note(_ head: CommitHead) {
        let chain = ChainID(member: head.member, incarnation: head.incarnation)
        if let known = heads[chain], known.number >= head.number { return }
        heads[chain] = head
    }
}

/// One chain of commits: a member on one host, until its local state is lost.
package struct ChainID: Hashable, Sendable {
    /// The member.
    package var member: MemberID
    /// The incarnation.
    package var incarnation: Incarnation

    /// Puts both together.
    package init(member: MemberID, incarnation: Incarnation) {
        self.member = member
        self.incarnation = incarnation
    }
}

/// Keeps the local state of one repository in one small file, replaced atomically.
package final class LocalStateFile: Sendable {
    private static let name = Array("state".utf8)
    private static let magic = Array("HFSTATE1".utf8)
    private let directory: Directory
    private let lockName = Array("state.lock".utf8)

    /// Uses the repository's directory of local state.
    package init(directory: Directory) { self.directory = directory }

    /// The remembered state; nothing if there is no file or it is damaged.
    package func load() -> LocalState {
        guard let bytes = try? directory.readFile(LocalStateFile.name, limit: 64 << 20) else { return LocalState() }
        return (try? LocalStateFile.decode(bytes)) ?? LocalState()
    }

    /// Changes the state; other processes of this host wait meanwhile.
    ///
    /// - Returns: the state as it was stored.
    @discardableResult
    package func update(_ change: (inout LocalState) -> Void) throws -> LocalState {
        var lock = try FileLock.acquire(in: directory, lockName)
        while lock == nil {
            pauseMilliseconds(5)
            lock = try FileLock.acquire(in: directory, lockName)
        }
        var state = load()
        let before = state
        change(&state)
        if state != before {
            try directory.writeFileAtomically(LocalStateFile.name, LocalStateFile.encode(state))
        }
        try lock?.release()
        return state
    }

    static func encode(_ state: LocalState) throws -> [UInt8] {
        var fields = FieldWriter()
        for own in state.ownHeads.values.sorted(by: { $0.member < $1.member }) {
            fields.record(1) { own.write(to: &$0) }
        }
        fields.integer(3, state.policyNumber)
        fields.digest(5, state.policyHash)
        for head in state.heads.values.sorted(by: { ($0.member, $0.incarnation) < ($1.member, $1.incarnation) }) {
            fields.record(7) { head.write(to: &$0) }
        }
        fields.integer(9, state.forgottenRecords)
        fields.signed(13, state.lastLook)
        for (member, count) in state.receipts.sorted(by: { $0.key < $1.key }) {
            fields.record(15) {
                $0.identifier(1, member)
                $0.integer(3, count)
            }
        }
        fields.integer(17, state.holds)
        var bytes = magic + fields.bytes
        try unsafe SHA256.hash(bytes.span.bytes).append(to: &bytes)
        return bytes
    }

    static func decode(_ bytes: [UInt8]) throws -> LocalState {
        guard bytes.count >= magic.count + 32, bytes.starts(with: magic) else { return LocalState() }
        let body = Array(bytes.dropLast(32))
        guard try unsafe SHA256.hash(body.span.bytes).bytes.elementsEqual(bytes.suffix(32)) else { return LocalState() }
        var reader = FieldReader(body.dropFirst(magic.count), what: "local state", repeated: [1, 7, 15])
        var state = LocalState()
        while let field = try reader.next() {
            switch field.tag {
            case 1:
                let own = try CommitHead(reading: field)
                state.ownHeads[own.member] = own
            case 3: state.policyNumber = try field.integer()
            case 5: state.policyHash = try field.digest()
            case 7: state.note(try CommitHead(reading: field))
            case 9: state.forgottenRecords = try field.integer()
            case 13: state.lastLook = try field.signed()
            case 15:
                let (member, count) = try receipts(in: field)
                state.receipts[member] = count
            case 17: state.holds = try field.integer()
            default: continue
            }
        }
        return state
    }

    private static func receipts(in field: Field) throws -> (MemberID, UInt64) {
        var reader = try field.reader(what: "receipts in the local state")
        var member: MemberID?
        var count: UInt64 = 0
        while let field = try reader.next() {
            switch field.tag {
            case 1: member = try field.identifier()
            case 3: count = try field.integer()
            default: continue
            }
        }
        guard let member else { throw RepositoryError(.integrity, "the local state counts receipts of nobody") }
        return (member, count)
    }
}
