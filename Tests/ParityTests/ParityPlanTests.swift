import Cryptography
import ObjectStorage
import Records
import TestSupport
import Testing

@testable import Parity

@Suite struct ParityPlanTests {
    private func object(_ random: inout SeededGenerator) throws -> ParityPlan.Object {
        let hash = try #require(Digest(random.bytes(32)))
        return ParityPlan.Object(
            name: try ObjectName(ObjectNames.pack(hash)),
            byteCount: UInt64.random(in: 1...30 << 20, using: &random)
        )
    }

    /// Years of backups and prunes: after each, everything is in a group that exists, and few groups are short.
    @Test(arguments: [1, 5, 20, 100]) func everythingIsProtectedAndGroupsAreFull(percent: Int) throws {
        var random = SeededGenerator(seed: 0x91_01 + UInt64(percent))
        var objects: [ParityPlan.Object] = []
        var groups: [ParityPlan.Group] = []
        var number = 0
        let size = ParityPlan.Sort.data.size(percent: percent)
        for round in 0..<120 {
            for _ in 0..<Int.random(in: 0...9, using: &random) { objects.append(try object(&random)) }
            if round % 10 == 9 { objects.removeAll { _ in Int.random(in: 0..<8, using: &random) == 0 } }
            let plan = ParityPlan.make(.data, objects: objects, groups: groups, percent: percent)
            groups.removeAll { plan.remove.contains($0.name) }
            for form in plan.form {
                number += 1
                groups.append(ParityPlan.Group(name: try ObjectName("parity/\(number)"), members: form.map(\.name)))
                #expect(form.count < 2 * size)
            }
            let present = Set(objects.map(\.name))
            let covered = groups.flatMap(\.members)
            #expect(Set(covered) == present && covered.count == present.count)
            // What a prune has made short is rare, and joined with what comes.
            if round % 10 != 9 { #expect(groups.count { $0.members.count < size } <= 1) }
            let again = ParityPlan.make(.data, objects: objects, groups: groups, percent: percent)
            #expect(again.form.isEmpty && again.remove.isEmpty)
        }
    }

    @Test func aNeededGroupStays() throws {
        var random = SeededGenerator(seed: 0x91_02)
        let objects = try (0..<10).map { _ in try object(&random) }
        let lost = try object(&random).name
        let group = ParityPlan.Group(
            name: try ObjectName("parity/1"),
            members: objects.prefix(4).map(\.name) + [lost],
            isNeeded: true
        )
        let plan = ParityPlan.make(.data, objects: objects, groups: [group], percent: 5)
        #expect(plan.remove.isEmpty)
        #expect(plan.form.map { Set($0.map(\.name)) } == [Set(objects.dropFirst(4).map(\.name))])
    }
}
