import Cryptography
import FileSystem
import Records

@testable import RecordSamples
@testable import Repository

/// Local files: what is remembered of a repository, and which fragments which pack list names.
final class StateTarget: FuzzTarget {
    static let name = "state"
    static let parsers = ["Repository/Index/VouchedCache.swift", "Repository/State/LocalState.swift"]
    static func shape(of input: [UInt8]) -> InputShape { .head(1, .fields) }

    private let directory: Directory

    init() throws { directory = try makeScratchDirectory().directory }

    func run(_ input: [UInt8]) throws {
        let mode = input.first ?? 0
        let body = Array(input.dropFirst())
        switch mode % 3 {
        case 0: try checkState(body)
        case 1: try checkLists(body)
        default:
            // Without magic number and hash.
            try attempt { try LocalStateFile.decode(body) }
            for name in ["lists", "state"] { try directory.writeFileAtomically(Array(name.utf8), body) }
            _ = VouchedCache(directory: directory).load()
            _ = LocalStateFile(directory: directory).load()
            let changed = try LocalStateFile(directory: directory).update { $0.policyNumber = 3 }
            try require(
                LocalStateFile(directory: directory).load() == changed,
                "the local state is not what was stored"
            )
        }
    }

    private func sealed(_ magic: String, _ body: [UInt8]) throws -> [UInt8] {
        var bytes = Array(magic.utf8) + body
        try sha256(bytes).append(to: &bytes)
        return bytes
    }

    private func checkState(_ fields: [UInt8]) throws {
        let bytes = try sealed("HFSTATE1", fields)
        guard let state = try attempt({ try LocalStateFile.decode(bytes) }) else { return }
        let written = try LocalStateFile.encode(state)
        try require(try LocalStateFile.decode(written) == state, "the local state changes when it is written and read")
        try require(
            state.heads.allSatisfy { $0.key.member == $0.value.member && $0.key.incarnation == $0.value.incarnation },
            "a chain is remembered under another"
        )
    }

    private func checkLists(_ body: [UInt8]) throws {
        let name = Array("lists".utf8)
        try directory.writeFileAtomically(name, sealed("HFSLIST1", body))
        let lists = VouchedCache(directory: directory).load()
        guard !lists.isEmpty else { return }
        VouchedCache(directory: directory).store(lists, warn: { _ in })
        try require(
            VouchedCache(directory: directory).load() == lists,
            "the list cache changes when it is written and read"
        )
    }

    func seeds() throws -> [[UInt8]] {
        var source = try RecordSource(seed: 57)
        source.addsUnknownFields = false
        var seeds: [[UInt8]] = []
        for _ in 0..<4 {
            var state = LocalState()
            let head = try source.head()
            state.ownHeads[head.member] = head
            state.policyNumber = source.number()
            state.policyHash = try source.digest()
            for head in try source.list(3, { try $0.head() }) { state.note(head) }
            let bytes = try LocalStateFile.encode(state)
            seeds.append([0] + bytes.dropFirst(8).dropLast(32))
            seeds.append([2] + bytes)
            var lists: [UInt8] = []
            for _ in 0..<2 {
                let text = Array("packlists/\(source.count(9))".utf8)
                let digests = try source.digests(3)
                lists += [UInt8(text.count), 0, 0, 0] + text + [UInt8(digests.count), 0, 0, 0]
                for digest in digests { digest.append(to: &lists) }
            }
            seeds.append([1] + lists)
        }
        return seeds
    }
}
