/// One run of a member: 32 bytes in lists.
package struct RunReference: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The member whose run it is.
    package var member: MemberID
    /// The run.
    package var run: RunID

    /// Puts both together.
    package init(member: MemberID, run: RunID) {
        self.member = member
        self.run = run
    }

    /// The start of the run's id, and whose it is.
    package var description: String { "run \(run.hex.prefix(8)) of member \(member.hex.prefix(8))" }

    /// Orders as the bytes of both would.
    package static func < (left: RunReference, right: RunReference) -> Bool {
        (left.member, left.run) < (right.member, right.run)
    }

    fileprivate static let encodedByteCount = MemberID.byteCount + RunID.byteCount
}

extension Field {
    /// The value as runs, ascending without duplicates.
    func runReferences() throws(RecordError) -> [RunReference] {
        let value = try present()
        guard value.count.isMultiple(of: RunReference.encodedByteCount) else {
            throw malformed("has \(value.count) bytes, no multiple of \(RunReference.encodedByteCount)")
        }
        var runs: [RunReference] = []
        runs.reserveCapacity(value.count / RunReference.encodedByteCount)
        var rest = value
        while !rest.isEmpty {
            guard let member = MemberID(rest.prefix(16)), let run = RunID(rest.dropFirst(16).prefix(16)) else {
                throw malformed("holds what is no run")
            }
            let reference = RunReference(member: member, run: run)
            if let last = runs.last, last >= reference { throw malformed("is not in ascending order at \(run.hex)") }
            runs.append(reference)
            rest = rest.dropFirst(RunReference.encodedByteCount)
        }
        return runs
    }
}

extension FieldWriter {
    /// Writes runs joined, unless there are none; they are in ascending order.
    mutating func runReferences(_ tag: UInt64, _ runs: [RunReference]) {
        var joined: [UInt8] = []
        joined.reserveCapacity(runs.count * RunReference.encodedByteCount)
        for run in runs {
            run.member.append(to: &joined)
            run.run.append(to: &joined)
        }
        bytes(tag, joined)
    }
}
