import Cryptography
import ObjectStorage
package import Records

/// A verified attestation of somebody whose word counts.
struct VerifiedAttestation: Sendable {
    /// The SHA-256 of its object.
    var hash: ObjectHash
    /// What it says.
    var attestation: Attestation
}

/// A pack that was read whole and found right.
package struct AttestablePack: Sendable, Hashable {
    /// The pack.
    package var pack: PackReference
    /// Its domain.
    package var domain: DomainID
    /// Its epoch.
    package var epoch: UInt32

    /// Puts the parts together.
    package init(_ pack: PackReference, domain: DomainID, epoch: UInt32) {
        self.pack = pack
        self.domain = domain
        self.epoch = epoch
    }
}

extension Policy {
    /// Whether a member's attestations count: owners and managers, who may delete anyhow; not readers, whose stolen key
    /// must not become a way to harm backups that are still to be made.
    package func mayAttest(_ id: MemberID) -> Bool {
        guard let role = member(id)?.role, revocation(of: id) == nil else { return false }
        return role == .owner || role == .manager
    }
}

extension Repository {
    /// Reads the attestations whose word counts; others are passed over.
    func attestations() throws -> [VerifiedAttestation] {
        let (policies, policy) = (self.policies, self.policy)
        var names: [(name: ObjectName, member: MemberID, number: UInt64)] = []
        try store.list(prefix: ObjectNames.attestations) { name, _ in
            guard case .attestation(let member, let number)? = ObjectNames.parse(name.path), policy.mayAttest(member)
            else { return }
            names.append((name, member, number))
        }
        var found: [VerifiedAttestation] = []
        for (name, member, number) in names {
            guard let key = policies.key(of: member) else { continue }
            do {
                let object = try store.readAll(name, atMost: RecordKind.attestation.maximumByteCount)
                let body = try SignedRecord.body(Attestation.self, of: object, signedBy: key, repository: id)
                guard body.signer == member, body.number == number else {
                    throw RepositoryError(.integrity, "it stands under the name of another object")
                }
                found.append(
                    VerifiedAttestation(hash: try unsafe SHA256.hash(object.span.bytes), attestation: body)
                )
            } catch let error as StorageError where error.code == .notFound {
                continue
            } catch let error where error.isDamage {
                environment.warn("attestation \(name.path) is ignored: \(error)")
            }
        }
        return found
    }

    /// Packs in one attestation, so that an object stays small.
    private static let packsPerAttestation = 100_000

    /// Says of packs that this member has read them and found them right, so that other writers may refer to them.
    ///
    /// Packs of which somebody has said so already are left out, and nothing is written where nobody else could use it.
    ///
    /// - Returns: how many packs were attested.
    /// - Throws: what keeps the store from being written.
    package func attest(_ packs: [AttestablePack]) throws -> Int {
        let writers = policy.members.count { member in
            policy.revocation(of: member.id) == nil && member.role != .reader && member.role != .replica
        }
        guard writers > 1, policy.mayAttest(keyring.member) else { return 0 }
        let known = try attestations()
        let done = Set(known.lazy.flatMap { $0.attestation.packs.map(\.name) })
        var last = known.filter { $0.attestation.signer == keyring.member }.max {
            $0.attestation.number < $1.attestation.number
        }
        var groups: [[UInt8]: [AttestablePack]] = [:]
        for pack in packs where !done.contains(pack.pack.name) {
            var group = pack.domain.bytes
            group.appendLittleEndian(pack.epoch)
            groups[group, default: []].append(pack)
        }
        var count = 0
        for (_, group) in groups.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            let sorted = group.map(\.pack).sorted { $0.name < $1.name }
            for start in stride(from: 0, to: sorted.count, by: Self.packsPerAttestation) {
                let part = Array(sorted[start..<min(start + Self.packsPerAttestation, sorted.count)])
                let attestation = Attestation(
                    repository: id,
                    signer: keyring.member,
                    domain: group[0].domain,
                    epoch: group[0].epoch,
                    number: last.map { $0.attestation.number + 1 } ?? 0,
                    previous: last?.hash,
                    packs: part,
                    time: environment.now()
                )
                let object = try SignedRecord.sign(attestation, with: keyring.signingKey)
                let name = ObjectNames.attestation(member: keyring.member, number: attestation.number)
                try store.put(ObjectName(name), object)
                last = VerifiedAttestation(hash: try unsafe SHA256.hash(object.span.bytes), attestation: attestation)
                count += part.count
            }
        }
        return count
    }

    /// The packs that attestations vouch for, by the packs' own directories: what fragments say of them is not vouched for.
    ///
    /// - Parameters:
    ///   - attestation: what names the packs.
    ///   - known: packs that are described otherwise.
    func attestedPacks(_ attestation: Attestation, except known: Set<ObjectHash>) throws -> [StoredPack] {
        var packs: [StoredPack] = []
        for reference in attestation.packs where !known.contains(reference.name) {
            do {
                let header = try readPackHeader(reference).header
                guard header.domain == attestation.domain, header.epoch == attestation.epoch else { continue }
                packs.append(try readPackDirectory(reference))
            } catch let error as RepositoryError where error.code == .notPermitted {
                continue
            } catch let error as StorageError where error.code == .notFound {
                continue  // A prune took it since.
            } catch let error where error.isDamage {
                environment.warn("pack \(reference.name), which was found right once, cannot be used: \(error)")
            }
        }
        return packs
    }
}
