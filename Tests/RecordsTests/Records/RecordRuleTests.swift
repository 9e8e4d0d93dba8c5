import Cryptography
import Testing

@testable import Records

/// Rules that hold between the fields of one record.
struct RecordRuleTests {
    private func refusal<Body: SignedBody>(
        _ make: (inout RecordSource) throws -> Body,
        _ change: (inout Body) throws -> Void
    ) throws -> RecordError {
        var source = try RecordSource(seed: 61)
        source.addsUnknownFields = false
        var body = try make(&source)
        _ = try Body(decoding: body.encodedBody())
        try change(&body)
        let encoded = body.encodedBody()
        return try recordError { _ = try Body(decoding: encoded) }
    }

    @Test func packsAscendWithoutDuplicates() throws {
        let pair = [
            PackReference(name: try testDigest(1), byteCount: 1), PackReference(name: try testDigest(2), byteCount: 1),
        ]
        for packs in [[pair[1], pair[0]], [pair[0], pair[0]]] {
            #expect(
                try refusal {
                    try $0.packList()
                } _: {
                    $0.packs = packs
                }.message.contains("ascending")
            )
            #expect(
                try refusal {
                    try $0.packList()
                } _: {
                    $0.fragments = packs
                }.message.contains("ascending")
            )
            #expect(
                try refusal {
                    try $0.attestation()
                } _: {
                    $0.packs = packs
                }.message.contains("ascending")
            )
            #expect(
                try refusal {
                    try $0.plan()
                } _: {
                    $0.packs = packs
                }.message.contains("ascending")
            )
            let names = packs.map(\.name)
            #expect(
                try refusal {
                    try $0.plan()
                } _: {
                    $0.fragments = names
                }.message.contains("ascending")
            )
            #expect(
                try refusal {
                    try $0.planDone()
                } _: {
                    $0.kept = names
                }.message.contains("ascending")
            )
        }
    }

    @Test func listsAreWholeReferences() throws {
        var source = try RecordSource(seed: 62)
        source.addsUnknownFields = false
        var list = try source.packList()
        list.packs = [PackReference(name: try testDigest(1), byteCount: 1)]
        list.fragments = []
        var body = list.encodedBody()
        let start = try #require(body.indices.first { body[$0...].starts(with: [15, 40, 1, 1]) })
        body[start + 1] = 39
        body.removeLast()
        let error = try recordError { _ = try PackList(decoding: body) }
        #expect(error.message.contains("no multiple of 40"))
    }

    @Test func chainsOfCommitsAreConsistent() throws {
        let commit = { (source: inout RecordSource) in try source.commit() }
        #expect(
            try refusal(commit) {
                $0.number = 1; $0.previous = .zero
            }.message.contains("first commit")
        )
        #expect(
            try refusal(commit) {
                $0.number = 2; $0.previous = nil
            }.message.contains("commit 2")
        )
        #expect(try refusal(commit) { $0.number = 0 }.message.contains("lacks its number"))
        #expect(
            try refusal(commit) {
                $0.number = 10_000_000_000; $0.previous = .zero
            }.message.contains("at most")
        )
        #expect(try refusal(commit) { $0.root.level = 8 }.message.contains("too high"))
        #expect(try refusal(commit) { $0.keyBox.purpose = 1 }.message.contains("metadata key"))
        #expect(try refusal(commit) { $0.sealed = [] }.message.contains("lacks its sealed part"))
        #expect(try refusal(commit) { $0.salt = [1] }.message.contains("instead of 32"))
    }

    @Test func commitsNameEachListAndChainOnce() throws {
        let commit = { (source: inout RecordSource) in try source.commit() }
        let error = try refusal(commit) { commit in
            let list = PackListReference(member: commit.signer, run: commit.run, number: 3, hash: try testDigest(1))
            commit.addedPackLists = [list]
            commit.referredPackLists = [list]
        }
        #expect(error.message.contains("twice"))
        let head = CommitHead(
            member: try testIdentifier(1),
            incarnation: try testIncarnation(1),
            number: 1,
            hash: try testDigest(1)
        )
        var later = head
        later.number = 2
        #expect(try refusal(commit) { $0.heads = [head, later] }.message.contains("twice"))
        #expect(
            try refusal {
                try $0.planDone()
            } _: {
                $0.heads = [head, later]
            }.message.contains("twice")
        )
        let own = try refusal(commit) { commit in
            var head = head
            head.member = commit.signer
            head.incarnation = commit.incarnation
            commit.heads = [head]
        }
        #expect(own.message.contains("its own chain"))
        let site = SiteKnowledge(site: try testIdentifier(1), counter: 1)
        #expect(try refusal(commit) { $0.knowledge = [site, site] }.message.contains("twice"))
    }

    @Test func onlyTheDeadAreSpokenFor() throws {
        let lease = { (source: inout RecordSource) in try source.lease() }
        for state in [LeaseState.active, .ended] {
            let error = try refusal(lease) {
                $0.state = state
                $0.member = try testIdentifier(1)
            }
            #expect(error.message.contains("signed by another"))
        }
        var source = try RecordSource(seed: 63)
        var dead = try source.lease()
        dead.state = .dead
        dead.member = try testIdentifier(1)
        #expect(try Lease(decoding: dead.encodedBody()) == dead)
    }

    @Test func unknownChoicesAreRefusedByNumber() throws {
        var source = try RecordSource(seed: 64)
        source.addsUnknownFields = false
        var body = try source.lease().encodedBody()
        let state = try #require(body.indices.first { body[$0...].starts(with: [11, 1]) && $0 > 80 })
        body[state + 2] = 4
        let error = try recordError { _ = try Lease(decoding: body) }
        #expect(error.code == .unsupported)
        #expect(error.message.contains("lease state 4"))
    }

    @Test func forgottenCommitsNameTheOneBefore() throws {
        let commit = ForgottenCommit(
            member: try testIdentifier(1),
            incarnation: try testIncarnation(1),
            number: 1,
            hash: try testDigest(1),
            previous: nil
        )
        let forgotten = { (source: inout RecordSource) in try source.forgotten() }
        #expect(try refusal(forgotten) { $0.commits = [commit, commit] }.message.contains("twice"))
        var second = commit
        second.number = 2
        #expect(try refusal(forgotten) { $0.commits = [second] }.message.contains("forgotten commit 2"))
    }

    @Test func erasedRangesLieApart() throws {
        let erasure = { (source: inout RecordSource) in try source.erasure() }
        func error(_ ranges: [(UInt64, UInt64)]) throws -> RecordError {
            try refusal(erasure) { erasure in
                let ranges = ranges.map { ErasedRange(offset: $0.0, length: $0.1, replacement: nil) }
                erasure.replacements = [ErasedChunk(chunk: try testDigest(1), ranges: ranges)]
            }
        }
        #expect(try error([(0, 10), (9, 1)]).message.contains("overlap"))
        #expect(try error([(10, 1), (0, 1)]).message.contains("overlap"))
        #expect(try error([(0, 0)]).message.contains("lacks its length"))
        #expect(try error([(.max, 1)]).message.contains("64 bits"))
        let chunk = ErasedChunk(chunk: try testDigest(1), ranges: [])
        #expect(try refusal(erasure) { $0.replacements = [chunk, chunk] }.message.contains("twice"))
    }

    @Test func plansReplaceAPackOnce() throws {
        let pack = ReplacedPack(old: try testDigest(1), new: [])
        #expect(
            try refusal {
                try $0.plan()
            } _: {
                $0.replacements = [pack, pack]
            }.message.contains("twice")
        )
    }
}
