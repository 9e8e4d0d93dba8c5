/// Whether a run goes on.
package enum LeaseState: UInt64, Sendable, CaseIterable {
    /// The run uses what it has listed.
    case active = 1
    /// The run is done.
    case ended = 2
    /// Somebody holds the run for dead.
    case dead = 3
}

/// What a run does.
package enum LeaseActivity: UInt64, Sendable, CaseIterable {
    /// It stores a snapshot.
    case backup = 1
    /// It frees space.
    case prune = 2
    /// Anything else.
    case other = 3
}

/// What a run says to those who might delete what it uses.
package struct Lease: SignedBody {
    package static var kind: RecordKind { .lease }

    package var repository: RepositoryID
    package var signer: MemberID
    /// The member whose run it is; the signer, unless the run is declared dead.
    package var member: MemberID
    /// The run.
    package var run: RunID
    /// The lease's number within the run, from 0; each renewal has the next.
    package var number: UInt64
    /// Whether the run goes on.
    package var state: LeaseState
    /// When the signer says it wrote the lease, nanoseconds since 1970-01-01 UTC.
    package var time: Int64
    /// How long the lease holds, seconds.
    package var seconds: UInt64
    /// What the run does.
    package var activity: LeaseActivity
    /// Names the boot of the run's host without telling which host.
    package var boot: BootToken?
    /// The run's process id; 0 if not told.
    package var process: UInt64
    /// When that process started, clock ticks since boot; 0 if not told.
    package var processStart: UInt64
    /// The SHA-256 of the commit that the run has made; only in the end of such a run.
    package var commit: ObjectHash?
    /// Optional fields of later versions.
    package var unknown: UnknownFields

    /// Puts the parts together.
    package init(
        repository: RepositoryID,
        signer: MemberID,
        member: MemberID,
        run: RunID,
        number: UInt64,
        state: LeaseState,
        time: Int64,
        seconds: UInt64,
        activity: LeaseActivity,
        boot: BootToken? = nil,
        process: UInt64 = 0,
        processStart: UInt64 = 0,
        commit: ObjectHash? = nil,
        unknown: UnknownFields = UnknownFields()
    ) {
        self.repository = repository
        self.signer = signer
        self.member = member
        self.run = run
        self.number = number
        self.state = state
        self.time = time
        self.seconds = seconds
        self.activity = activity
        self.boot = boot
        self.process = process
        self.processStart = processStart
        self.commit = commit
        self.unknown = unknown
    }

    package init(decoding body: [UInt8]) throws(RecordError) {
        let what = Self.kind.name
        var reader = FieldReader(body, what: what)
        var head = SignedHead()
        var member: MemberID?
        var run: RunID?
        var number: UInt64 = 0
        var state: LeaseState?
        var time: Int64 = 0
        var seconds: UInt64 = 0
        var activity: LeaseActivity?
        var boot: BootToken?
        var process: UInt64 = 0
        var processStart: UInt64 = 0
        var commit: ObjectHash?
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 5: member = try field.identifier()
            case 7: run = try field.identifier()
            case 9: number = try field.number()
            case 11: state = try field.choice("lease state")
            case 13: time = try field.signed()
            case 15: seconds = try field.integer()
            case 17: activity = try field.choice("activity")
            case 18: boot = try field.identifier()
            case 20: process = try field.integer()
            case 22: processStart = try field.integer()
            case 24: commit = try field.digest()
            default: if try !head.take(field) { try field.requireKnown(what, keep: &unknown) }
            }
        }
        let (repository, signer) = try head.values(of: what)
        self.init(
            repository: repository,
            signer: signer,
            member: try required(member, "member", of: what),
            run: try required(run, "run", of: what),
            number: number,
            state: try required(state, "state", of: what),
            time: time,
            seconds: seconds,
            activity: try required(activity, "activity", of: what),
            boot: boot,
            process: process,
            processStart: processStart,
            commit: commit,
            unknown: unknown
        )
        guard self.state == .dead || self.signer == self.member else {
            throw RecordError(.malformed, "the lease of member \(self.member.hex) is signed by another, \(signer.hex)")
        }
    }

    package func encodedBody() -> [UInt8] {
        var writer = FieldWriter(self)
        writer.identifier(5, member)
        writer.identifier(7, run)
        writer.integer(9, number)
        writer.integer(11, state.rawValue)
        writer.signed(13, time)
        writer.integer(15, seconds)
        writer.integer(17, activity.rawValue)
        if let boot { writer.identifier(18, boot) }
        writer.integer(20, process)
        writer.integer(22, processStart)
        writer.digest(24, commit)
        writer.unknown(unknown)
        return writer.bytes
    }
}
