import Cryptography
import TestSupport

@testable import Records

extension RecordSource {
    mutating func commit() throws -> Commit {
        let run: RunID = try identifier()
        let number = chance() ? 1 : max(2, self.number())
        let addedNumbers = Set(list(4) { $0.number() }).sorted()
        return Commit(
            repository: repository,
            signer: signer,
            domain: try identifier(),
            epoch: epoch(),
            incarnation: try incarnation(),
            run: run,
            certificateSerial: integer(),
            policyNumber: self.number(),
            policyHash: try digest(),
            dataset: try identifier(),
            number: number,
            previous: number == 1 ? nil : try digest(),
            time: time(),
            root: PageReference(chunk: try digest(), level: UInt64(count(7)), unknown: unknown()),
            addedPackLists: try addedNumbers.map {
                PackListReference(member: signer, run: run, number: $0, hash: try digest(), unknown: unknown())
            },
            referredPackLists: try list(4) {
                PackListReference(
                    member: try $0.identifier(),
                    run: try $0.identifier(),
                    number: $0.number(),
                    hash: try $0.digest(),
                    unknown: $0.unknown()
                )
            },
            heads: try list(4) { try $0.head() },
            keyBox: try keyBox(purpose: 2),
            salt: random.bytes(32),
            sealed: someBytes(upTo: 40),
            interval: integer(),
            knowledge: try list(3) {
                SiteKnowledge(site: try $0.identifier(), counter: $0.integer(), unknown: $0.unknown())
            },
            replaced: try optionalDigest(),
            unknown: unknown()
        )
    }

    mutating func policy() throws -> Policy {
        let number = chance() ? 0 : positive(ObjectNames.maximumNumber)
        let managers = try list(3) { AgreementPublicKey(try $0.digest()) }
        return Policy(
            repository: repository,
            signer: signer,
            number: number,
            previous: number == 0 ? nil : try digest(),
            time: time(),
            suite: suite(),
            members: try [member(key, role: .owner)]
                + list(3) { source in
                    let role = MemberRole.allCases[source.count(MemberRole.allCases.count - 1)]
                    return try source.member(VerifyingKey(try source.digest()), role: role)
                },
            domains: try list(3) { source in
                PolicyDomain(
                    id: try source.identifier(),
                    name: source.text(),
                    epoch: source.epoch(),
                    readers: try source.list(3) { AgreementPublicKey(try $0.digest()) },
                    unknown: source.unknown()
                )
            },
            managers: managers,
            slots: try digests(3),
            features: list(2) { $0.text() },
            revocations: try list(2) { source in
                Revocation(
                    member: try source.identifier(),
                    time: source.time(),
                    accepted: try source.list(3) {
                        AcceptedHead(
                            incarnation: try $0.incarnation(),
                            number: $0.positive(ObjectNames.maximumNumber),
                            hash: try $0.digest(),
                            unknown: $0.unknown()
                        )
                    },
                    unknown: source.unknown()
                )
            },
            retention: chance()
                ? RetentionLimits()
                : RetentionLimits(leastDays: integer(), mostDays: integer(), unknown: unknown()),
            unknown: unknown()
        )
    }

    mutating func member(_ key: VerifyingKey, role: MemberRole) throws -> PolicyMember {
        PolicyMember(
            id: try MemberID(of: key),
            name: text(),
            key: key,
            role: role,
            certificateSerial: integer(),
            domains: try list(2) { try $0.identifier() },
            notBefore: time(),
            notAfter: time(),
            unknown: unknown()
        )
    }

    mutating func packList() throws -> PackList {
        PackList(
            repository: repository,
            signer: signer,
            domain: try identifier(),
            epoch: epoch(),
            run: try identifier(),
            number: number(),
            kind: chance() ? .added : .referred,
            packs: try packs(5),
            fragments: try packs(2),
            unknown: unknown()
        )
    }

    mutating func lease() throws -> Lease {
        let state = LeaseState.allCases[count(2)]
        return Lease(
            repository: repository,
            signer: signer,
            member: state == .dead ? try identifier() : signer,
            run: try identifier(),
            number: number(),
            state: state,
            time: time(),
            seconds: integer(),
            activity: LeaseActivity.allCases[count(2)],
            boot: chance() ? try identifier() : nil,
            process: integer(),
            processStart: integer(),
            commit: chance() ? try digest() : nil,
            unknown: unknown()
        )
    }

    mutating func packHeader() throws -> PackHeader {
        let type: UInt64 = chance() ? 1 : 2
        return PackHeader(
            repository: repository,
            suite: suite(),
            domain: try identifier(),
            epoch: epoch(),
            member: try identifier(),
            run: try identifier(),
            type: type,
            salt: random.bytes(32),
            keyBox: try keyBox(purpose: type),
            unknown: unknown()
        )
    }

    mutating func slotHeader() throws -> KeySlotHeader {
        let kind = UInt64(1 + count(3))
        // 128·N·r stays within 1 GiB.
        let logarithm = UInt64(14 + count(6))
        return KeySlotHeader(
            repository: repository,
            label: text(),
            kind: kind,
            created: time(),
            suite: suite(),
            salt: random.bytes(32),
            scryptLog2N: kind == 1 ? logarithm : 0,
            scryptR: kind == 1 ? UInt64(1 + count(7)) : 0,
            scryptP: kind == 1 ? UInt64(1 + count(3)) : 0,
            commitment: try digest(),
            sealedSecret: kind == 4 ? random.bytes(80) : [],
            recipient: kind == 4 ? random.bytes(8) : [],
            unknown: unknown()
        )
    }

    mutating func formatHeader() throws -> FormatHeader {
        FormatHeader(created: time(), repository: repository, rootPolicy: try digest(), unknown: unknown())
    }
}
