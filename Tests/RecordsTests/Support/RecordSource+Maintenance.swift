import Cryptography

@testable import Records

extension RecordSource {
    mutating func attestation() throws -> Attestation {
        Attestation(
            repository: repository,
            signer: signer,
            domain: try identifier(),
            epoch: epoch(),
            number: number(),
            previous: try optionalDigest(),
            packs: try packs(4),
            time: time(),
            unknown: unknown()
        )
    }

    mutating func plan() throws -> PrunePlan {
        PrunePlan(
            repository: repository,
            signer: signer,
            number: number(),
            time: time(),
            packs: try packs(4),
            fragments: try digests(3),
            replacements: try list(2) { source in
                ReplacedPack(
                    old: try source.digest(),
                    new: try source.list(2) { try $0.digest() },
                    unknown: source.unknown()
                )
            },
            unknown: unknown()
        )
    }

    mutating func planDone() throws -> PlanDone {
        PlanDone(
            repository: repository,
            signer: signer,
            number: number(),
            plan: try digest(),
            time: time(),
            heads: try list(3) { try $0.head() },
            kept: try digests(3),
            deadRuns: Set(try list(3) { RunReference(member: try $0.identifier(), run: try $0.identifier()) }).sorted(),
            unknown: unknown()
        )
    }

    mutating func forgotten() throws -> Forgotten {
        Forgotten(
            repository: repository,
            signer: signer,
            number: number(),
            time: time(),
            commits: try list(3) { source in
                let number = source.positive(ObjectNames.maximumNumber)
                return ForgottenCommit(
                    member: try source.identifier(),
                    incarnation: try source.incarnation(),
                    number: number,
                    hash: try source.digest(),
                    previous: number == 1 ? nil : try source.digest(),
                    unknown: source.unknown()
                )
            },
            unknown: unknown()
        )
    }

    mutating func receipt() throws -> Receipt {
        Receipt(
            repository: repository,
            signer: signer,
            number: number(),
            commit: try digest(),
            time: time(),
            target: text(),
            unknown: unknown()
        )
    }

    mutating func hold() throws -> Hold {
        Hold(
            repository: repository,
            signer: signer,
            number: number(),
            time: time(),
            held: try digests(3),
            released: try digests(3),
            until: time(),
            reason: text(),
            unknown: unknown()
        )
    }

    mutating func erasure() throws -> Erasure {
        Erasure(
            repository: repository,
            signer: signer,
            number: number(),
            time: time(),
            replacements: try list(3) { source in
                var offset: UInt64 = 0
                let chunk = try source.digest()
                let ranges = try source.list(3) { source in
                    offset += UInt64(source.count(1000))
                    let length = UInt64(1 + source.count(1000))
                    defer { offset += length }
                    return ErasedRange(
                        offset: offset,
                        length: length,
                        replacement: try source.optionalDigest(),
                        unknown: source.unknown()
                    )
                }
                return ErasedChunk(chunk: chunk, ranges: ranges, unknown: source.unknown())
            },
            unknown: unknown()
        )
    }

    mutating func auditEntry() throws -> AuditEntry {
        AuditEntry(
            repository: repository,
            signer: signer,
            number: number(),
            previous: try optionalDigest(),
            time: time(),
            event: "e" + text(),
            details: list(3) { AuditDetail(name: "n" + $0.text(), value: $0.text(), unknown: $0.unknown()) },
            unknown: unknown()
        )
    }
}
