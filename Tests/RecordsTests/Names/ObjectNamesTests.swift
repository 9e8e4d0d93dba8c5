import Cryptography
import Records
import TestSupport
import Testing

struct ObjectNamesTests {
    private static let digits64 = String(repeating: "ab", count: 32)
    private static let digits32 = String(repeating: "01", count: 16)
    private static let run32 = String(repeating: "02", count: 16)
    private static let digits16 = String(repeating: "03", count: 8)

    static let names = [
        "format", "policy/0000000000", "policy/9999999999", "keys/\(digits64)", "packs/ab/\(digits64)",
        "index/\(digits64)", "packlists/\(digits32)/\(run32)/0000000007",
        "commits/\(digits32)/\(digits16)/0000000001-\(digits64)", "leases/\(digits32)/\(run32)/0000000000",
        "leases/\(digits32)/\(run32)/end", "leases/\(digits32)/\(run32)/dead", "attested/\(digits32)/0000000003",
        "plans/0000000004-\(digits64)", "plans/0000000004.done", "forgotten/0000000005",
        "receipts/\(digits32)/0000000006", "erased/0000000007", "audit/\(digits32)/0000000008",
        "holds/0000000009",
    ]

    @Test func buildersGiveTheNamesOfTheFormat() throws {
        let hash = try testDigest(0xAB)
        let member: MemberID = try testIdentifier(1)
        let run: RunID = try testIdentifier(2)
        let incarnation = try testIncarnation(3)
        let built = [
            ObjectNames.format, ObjectNames.policy(0), ObjectNames.policy(ObjectNames.maximumNumber),
            ObjectNames.slot(hash), ObjectNames.pack(hash), ObjectNames.index(hash),
            ObjectNames.packList(member: member, run: run, number: 7),
            ObjectNames.commit(member: member, incarnation: incarnation, number: 1, hash: hash),
            ObjectNames.lease(member: member, run: run, number: 0), ObjectNames.leaseEnd(member: member, run: run),
            ObjectNames.leaseDead(member: member, run: run), ObjectNames.attestation(member: member, number: 3),
            ObjectNames.plan(number: 4, hash: hash), ObjectNames.planDone(4), ObjectNames.forgotten(5),
            ObjectNames.receipt(receiver: member, number: 6), ObjectNames.erasure(7),
            ObjectNames.audit(member: member, number: 8), ObjectNames.hold(9),
        ]
        #expect(built == Self.names)
    }

    @Test("Names read back, with their kind and hash", arguments: names)
    func parses(name: String) throws {
        let parsed = try #require(ObjectNames.parse(name))
        #expect(parsed.name == name)
        let kinds: [String: RecordKind] = [
            "format": .format, "policy": .policy, "keys": .slot, "packs": .pack, "index": .index,
            "packlists": .packList, "commits": .commit, "leases": .lease, "attested": .attestation,
            "forgotten": .forgotten, "receipts": .receipt, "erased": .erasure, "audit": .audit,
            "holds": .hold,
        ]
        let folder = try #require(name.split(separator: "/").first)
        #expect(parsed.kind == kinds[String(folder)] ?? (name.hasSuffix(".done") ? .planDone : .plan))
        #expect(parsed.hash == (name.contains("abab") ? try testDigest(0xAB) : nil))
    }

    @Test(
        "Other spellings are no names",
        arguments: [
            "", "/", "format/", "/format", "Format", "formats", "policy", "policy/", "policy/0", "policy/00000000000",
            "policy/000000000a", "policy/+000000001", "policy/-000000001", "policy//0000000000", "policy/0000000000/",
            "policy/٠٠٠٠٠", "keys/\(digits64)0", "keys/\(digits64.uppercased())", "packs/\(digits64)",
            "packs/ac/\(digits64)",
            "packs/AB/\(digits64)", "packs/a/\(digits64)", "packs/ab/\(digits64)/x", "index/\(digits32)",
            "packlists/\(digits32)/0000000007", "packlists/\(digits32)/\(run32)/end",
            "packlists/\(digits32)/\(digits16)/0000000007", "commits/\(digits32)/\(digits16)/0000000001",
            "commits/\(digits32)/\(digits16)/0000000001_\(digits64)",
            "commits/\(digits32)/\(digits16)/000000001-\(digits64)",
            "commits/\(digits32)/\(run32)/0000000001-\(digits64)", "leases/\(digits32)/\(run32)/dead ",
            "leases/\(digits32)/\(run32)/0", "attested/\(digits16)/0000000003", "plans/0000000004",
            "plans/0000000004.don",
            "plans/000000004.done", "plans/00000000045.done", "plans/0000000004-\(digits64).done", "tmp/\(digits64)",
            "erased/\(digits32)/0000000007", "audit/0000000008", "../policy/0000000000", "policy/../policy/0000000000",
            "policy/0000000000\0", "policy/\u{301}0000000000", String(repeating: "a/", count: 1000),
        ]
    )
    func refuses(name: String) {
        #expect(ObjectNames.parse(name) == nil)
    }

    @Test("A changed name is another name or none, seed 23")
    func mutations() throws {
        var random = SeededGenerator(seed: 23)
        let alphabet = Array("0123456789abcdefABCDEF/-. doneformat".utf8)
        for name in Self.names {
            for _ in 0..<300 {
                var bytes = Array(name.utf8)
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[index] = alphabet.randomElement(using: &random) ?? 0
                case 1: bytes.remove(at: index)
                default: bytes.insert(alphabet.randomElement(using: &random) ?? 0, at: index)
                }
                let changed = String(decoding: bytes, as: UTF8.self)
                if let parsed = ObjectNames.parse(changed) { #expect(parsed.name == changed) }
            }
        }
    }

    @Test("Listings begin as the names do")
    func prefixes() throws {
        let member: MemberID = try testIdentifier(1)
        let run: RunID = try testIdentifier(2)
        let hash = try testDigest(0xAB)
        let pairs = [
            (ObjectNames.policies, ObjectNames.policy(1)), (ObjectNames.slots, ObjectNames.slot(hash)),
            (ObjectNames.packs, ObjectNames.pack(hash)), (ObjectNames.indexes, ObjectNames.index(hash)),
            (ObjectNames.packLists(of: member, run: run), ObjectNames.packList(member: member, run: run, number: 1)),
            (
                ObjectNames.commits(of: member),
                ObjectNames.commit(member: member, incarnation: try testIncarnation(3), number: 1, hash: hash)
            ),
            (ObjectNames.leases(of: member, run: run), ObjectNames.leaseEnd(member: member, run: run)),
            (ObjectNames.attestations(of: member), ObjectNames.attestation(member: member, number: 1)),
            (ObjectNames.plans, ObjectNames.planDone(1)), (ObjectNames.forgottenCommits, ObjectNames.forgotten(1)),
            (ObjectNames.receipts(of: member), ObjectNames.receipt(receiver: member, number: 1)),
            (ObjectNames.erasures, ObjectNames.erasure(1)),
            (ObjectNames.auditEntries(of: member), ObjectNames.audit(member: member, number: 1)),
        ]
        for (prefix, name) in pairs { #expect(name.hasPrefix(prefix) && prefix.hasSuffix("/")) }
    }
}
