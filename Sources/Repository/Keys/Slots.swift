import Cryptography
package import ObjectStorage
package import Records

/// The key slots of a store that passphrases, key files and recovery words open, checked against the bounds before any
/// key derivation runs.
///
/// Slots that are sealed to members are found by the policy instead.
package struct Slots {
    /// A slot that may be tried.
    package struct Slot: Sendable {
        /// The object's name.
        package var name: ObjectHash
        /// Its public header.
        package var header: KeySlotHeader
        var object: [UInt8]
    }

    /// The usable slots.
    package private(set) var slots: [Slot] = []
    private var skipped: [String] = []

    /// Reads all slots.
    ///
    /// - Throws: `RepositoryError.integrity` for more slots than a repository can have.
    package init(store: any ObjectStore, repository: RepositoryID, warn: (String) -> Void) throws {
        var names: [(ObjectName, UInt64)] = []
        try store.list(prefix: ObjectNames.slots) { name, byteCount in
            guard case .slot? = ObjectNames.parse(name.path) else { return }
            guard names.count < FormatBounds.slotObjects else {
                throw RepositoryError(
                    .integrity,
                    "the repository shows more than \(FormatBounds.slotObjects) key slots: somebody has planted them"
                )
            }
            names.append((name, byteCount))
        }
        for (name, byteCount) in names {
            do {
                guard case .slot(let hash)? = ObjectNames.parse(name.path) else {
                    throw RepositoryError(.integrity, "its name is not that of a key slot")
                }
                guard let object = try Slots.readUnlessMembers(store, name, byteCount) else { continue }
                guard try unsafe SHA256.hash(object.span.bytes) == hash else {
                    throw RepositoryError(.integrity, "its bytes are not those that its name says")
                }
                let header = try KeySlotHeader(object: object)
                guard header.repository == repository else {
                    throw RepositoryError(.integrity, "it belongs to another repository")
                }
                try Slots.checkBounds(header)
                guard header.kind != SlotKind.recipient.rawValue else { continue }
                slots.append(Slot(name: hash, header: header, object: object))
            } catch let error as StorageError where !error.isDamage {
                // A store that does not answer is no reason to call the key wrong.
                throw error
            } catch {
                let message = "key slot \(name.path) is skipped: \(error)"
                skipped.append(message)
                warn(message)
            }
        }
        guard slots.count <= FormatBounds.slots else {
            throw RepositoryError(
                .integrity,
                "the repository shows more than \(FormatBounds.slots) key slots for passwords, key files and recovery "
                    + "words: somebody has planted them"
            )
        }
    }

    /// The bytes of a slot; `nil` for one that can only be a member's, by its length.
    private static func readUnlessMembers(
        _ store: any ObjectStore,
        _ name: ObjectName,
        _ byteCount: UInt64
    ) throws -> [UInt8]? {
        let limit = KeySlotHeader.maximumByteCount
        if byteCount > UInt64(limit), byteCount <= UInt64(RecordKind.slot.maximumByteCount),
            try store.isSlotOfMember(name)
        {
            return nil
        }
        return try store.readAll(name, atMost: limit)
    }

    private static func checkBounds(_ header: KeySlotHeader) throws {
        guard let kind = SlotKind(rawValue: header.kind) else {
            throw RepositoryError(.unsupported, "it is of kind \(header.kind), which this version does not know")
        }
        guard header.salt.count == 32 else { throw RepositoryError(.integrity, "its salt is not 32 bytes") }
        guard kind == .passphrase else { return }
        // A slot weaker than any that is written would block the others if its derivation were tried and refused.
        do { try header.scryptParameters.validate() } catch let error as CryptographyError {
            throw RepositoryError(.integrity, error.message)
        }
    }

    /// Tries the credential on each slot of its kind.
    ///
    /// - Throws: `RepositoryError.wrongKey` if none opens.
    func open(_ credential: Credential, repository: RepositoryID) throws -> (Keyring, ObjectHash) {
        var candidates = slots.filter { $0.header.kind == credential.kind.rawValue }
        var missing =
            "no key slot opens with this \(credential.kind.name): mind capitals and spaces, or open with another key "
            + "(password, key file or recovery kit)"
        if case .keyFile(let holder) = credential {
            let file = try KeyFile(parsing: holder.secret)
            guard file.repository == repository else {
                throw RepositoryError(
                    .wrongKey,
                    "the key file belongs to repository \(file.repository.hex.prefix(16))…, this is "
                        + "\(repository.hex.prefix(16))…"
                )
            }
            candidates = candidates.filter { $0.name == file.slot }
            missing = "the key file's slot is not in the repository: it was removed, or this is another repository"
        }
        var damage: (any Error)?
        for candidate in candidates {
            do {
                if let keyring = try KeySlot.open(candidate.object, header: candidate.header, credential: credential) {
                    return (keyring, candidate.name)
                }
            } catch let error as RepositoryError where error.code == .integrity {
                damage = error
            } catch let error as CryptographyError {
                // One slot must not keep the others from being tried.
                damage = RepositoryError(.integrity, "key slot \(candidate.name) cannot be opened", cause: error)
            }
        }
        if let damage { throw damage }
        if !skipped.isEmpty { missing += " (\(skipped.count) damaged slots were skipped)" }
        if slots.isEmpty, skipped.isEmpty { missing = "the repository has no key slots: it is damaged" }
        throw RepositoryError(.wrongKey, missing)
    }
}

extension ObjectStore {
    /// Whether the header of a slot says that it is sealed to a member's public key.
    fileprivate func isSlotOfMember(_ name: ObjectName) throws -> Bool {
        let object = try readAll(name, atMost: RecordKind.slot.maximumByteCount)
        return (try? KeySlotHeader(object: object))?.kind == SlotKind.recipient.rawValue
    }
}
