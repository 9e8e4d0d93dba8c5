package import Records

/// When commits arrived, as far as it can be known.
package enum ArrivalTimes {
    /// What a commit says of itself.
    package struct Claim: Sendable, Hashable {
        /// The commit.
        package var id: ObjectHash
        /// Its chain.
        package var chain: ChainID
        /// Its number in the chain.
        package var number: UInt64
        /// When it says it was made, ns.
        package var time: Int64
        /// The time of the policy that it names, ns.
        package var policyTime: Int64

        /// Puts the parts together.
        package init(id: ObjectHash, chain: ChainID, number: UInt64, time: Int64, policyTime: Int64) {
            self.id = id
            self.chain = chain
            self.number = number
            self.time = time
            self.policyTime = policyTime
        }
    }

    /// Estimates when each commit arrived, ns; a pure function.
    ///
    /// What a receipt says counts. A commit without one has arrived since somebody looked last, so its claim is clamped to
    /// the time from then until now; nor was it made before the policy that it names. Within a chain later numbers do not
    /// arrive earlier.
    ///
    /// - Parameters:
    ///   - lastLook: when all commits were seen and got receipts, ns; 0 for never.
    ///   - now: the present time, ns; nothing has arrived later.
    package static func estimate(
        _ commits: [Claim],
        receipts: [ObjectHash: Int64],
        lastLook: Int64,
        now: Int64
    ) -> [ObjectHash: Int64] {
        var times: [ObjectHash: Int64] = [:]
        var latest: [ChainID: Int64] = [:]
        for commit in commits.sorted(by: { ($0.number, $0.id) < ($1.number, $1.id) }) {
            let bound = min(now, max(lastLook, commit.policyTime))
            var time = receipts[commit.id] ?? max(bound, commit.time)
            time = min(now, max(time, latest[commit.chain] ?? time))
            latest[commit.chain] = time
            times[commit.id] = time
        }
        return times
    }
}

/// What a look at the history has shown.
package struct Arrivals: Sendable {
    /// When each commit arrived, ns; also of forgotten ones that had receipts.
    package var times: [ObjectHash: Int64]
    /// What is wrong with the receipts.
    package var problems: [HistoryProblem]
    /// How many receipts were written.
    package var written: Int
}

extension Repository {
    /// Finds out when commits arrived; an owner or manager writes receipts for those that have none.
    ///
    /// A store that cannot be written to keeps nobody from looking: that is told and no more.
    ///
    /// - Parameter writes: whether receipts are written.
    package func look(_ log: CommitLog, writes: Bool = true) throws -> Arrivals {
        let policies = self.policies
        let now = environment.now()
        let member = keyring.member
        let known = stateFile?.load() ?? LocalState()
        var receipts = try ReceiptLog.load(from: store, id: id, policies: policies)
        let next = receipts.nextNumbers[member] ?? 0
        let seen = known.receipts[member] ?? 0
        if seen > next {
            receipts.problems.append(
                HistoryProblem(
                    .rollBack,
                    "this host has seen \(seen) receipts of its own member \(member.hex.prefix(8)), but the store "
                        + "shows only \(next): the repository was rolled back, or receipts are withheld; look for them in "
                        + "another copy"
                )
            )
        }
        let policyTimes = Dictionary(
            policies.policies.map { ($0.number, $0.time) },
            uniquingKeysWith: { first, _ in first }
        )
        var times = ArrivalTimes.estimate(
            log.commits.map { commit in
                ArrivalTimes.Claim(
                    id: commit.id,
                    chain: commit.chain,
                    number: commit.commit.number,
                    time: commit.commit.time,
                    policyTime: policyTimes[commit.commit.policyNumber] ?? 0
                )
            },
            receipts: receipts.times,
            lastLook: max(known.lastLook, receipts.newest),
            now: now
        )
        let open = log.commits.filter { receipts.times[$0.id] == nil }
        times.merge(receipts.times) { estimate, _ in estimate }
        var written = 0
        if writes, policies.maintainsNow(member) {
            do {
                var number = max(next, seen)
                for commit in open {
                    number = try write(receiptFor: commit.id, at: times[commit.id] ?? now, from: number)
                    written += 1
                }
                if number > seen || written > 0 || stateFile != nil {
                    remember { state in
                        state.receipts[member] = max(state.receipts[member] ?? 0, number)
                        state.lastLook = max(state.lastLook, now)
                    }
                }
            } catch {
                environment.warn("receipts of new snapshots could not be written: \(error)")
            }
        }
        return Arrivals(times: times, problems: receipts.problems, written: written)
    }

    /// Writes a receipt under the first free number.
    ///
    /// - Returns: the number after it.
    private func write(receiptFor commit: ObjectHash, at time: Int64, from first: UInt64) throws -> UInt64 {
        try putNumbered(from: first) { number in
            let receipt = Receipt(
                repository: id,
                signer: keyring.member,
                number: number,
                commit: commit,
                time: time,
                target: ""
            )
            let name = ObjectNames.receipt(receiver: keyring.member, number: number)
            return (name, try SignedRecord.sign(receipt, with: keyring.signingKey))
        }
    }
}
