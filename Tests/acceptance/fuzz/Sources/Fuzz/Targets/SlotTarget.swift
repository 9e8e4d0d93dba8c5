import Cryptography
import ObjectStorage
import Records
import TestSupport

@testable import RecordSamples
@testable import Repository

/// Whole key slots: the header's bounds, and the keyring inside, sealed anew with the right secret.
final class SlotTarget: FuzzTarget {
    static let name = "slot"
    static let parsers = [
        "Records/Keys/KeySlotHeader.swift", "Records/Keys/KeySlotHeader+Coding.swift",
        "Repository/Keys/KeySlot.swift", "Repository/Keys/Slots.swift",
    ]
    static func shape(of input: [UInt8]) -> InputShape { .head(1, .block(.fields, then: .fields)) }

    private let fixture: Fixture

    init() throws { fixture = try Fixture() }

    /// One byte of flags, the header's fields with their length, the keyring.
    func run(_ input: [UInt8]) throws {
        var input = InputReader(input)
        let flags = input.byte()
        let fields = input.block()
        let keyring = input.remainder()
        var object = RecordKind.slot.magic
        object.appendLittleEndian(UInt32(fields.count))
        object += fields
        if flags & 32 != 0 {
            try checkMembers(object, keyring)
            return
        }
        let isSealed = flags & 1 == 0
        if isSealed {
            guard let sealed = try seal(object, keyring) else { return }
            object = sealed
            if flags & 8 != 0 { object[object.count - 1] ^= 1 }
        } else {
            object.appendLittleEndian(UInt32(keyring.count))
            object += keyring
        }
        try check(object, flags)
    }

    /// Puts the right commitment into the header, and the keyring behind it.
    private func seal(_ prefix: [UInt8], _ plain: [UInt8]) throws -> [UInt8]? {
        let header = try attempt { try KeySlotHeader(object: prefix + [0, 0, 0, 0]) }
        guard var header else { return nil }
        try checkBounds(header)
        let salt = header.salt
        let label = (Array("holdfast/v1/slot/key".utf8), Array("holdfast/v1/slot/commitment".utf8))
        let secret = fixture.slotSecret
        let key = try unsafe HKDF.derive(
            from: secret.secret,
            salt: salt.span.bytes,
            info: label.0.span.bytes,
            count: 32
        )
        let commitment = try unsafe HKDF.derive(
            from: secret.secret,
            salt: salt.span.bytes,
            info: label.1.span.bytes,
            count: 32
        )
        header.commitment = commitment.withBytes { Digest($0) } ?? .zero
        var object = header.encodedPrefix()
        var aead = try AEAD(suite: header.suite, key: key)
        var sealed = [UInt8](repeating: 0, count: plain.count + AEAD.tagByteCount)
        try unsafe aead.seal(plain.span.bytes, counter: 0, associatedData: object.span.bytes, into: &sealed, at: 0)
        object.appendLittleEndian(UInt32(sealed.count))
        return object + sealed
    }

    /// A slot that is sealed to a member: what it grants comes out of a new slot as it went in.
    private func checkMembers(_ prefix: [UInt8], _ plain: [UInt8]) throws {
        let header = try attempt { try KeySlotHeader(object: prefix + [0, 0, 0, 0]) }
        guard var header else { return }
        let key = try Fixture.agreementKey(0x61)
        let salt = header.salt
        let info = Array("holdfast/v1/slot/recipient".utf8) + header.repository.bytes
        let message = try unsafe HPKE.seal(
            fixture.slotSecret.secret,
            to: key.publicKey,
            info: info.span.bytes,
            associatedData: salt.span.bytes,
            suite: header.suite
        )
        header.kind = SlotKind.recipient.rawValue
        header.scryptLog2N = 0
        header.scryptR = 0
        header.scryptP = 0
        header.sealedSecret = message.encapsulatedKey + message.ciphertext
        header.recipient = key.publicKey.shortID
        guard let object = try seal(Array(header.encodedPrefix()), plain) else { return }
        // A larger one than others may have, and it is no slot to try credentials on.
        let store = MemoryObjectStore()
        try store.put(.init(ObjectNames.slot(try sha256(object))), object)
        let padded = object + [UInt8](repeating: 0, count: KeySlotHeader.maximumByteCount)
        try store.put(.init(ObjectNames.slot(try sha256(padded))), padded)
        if let slots = try attempt({ try Slots(store: store, repository: fixture.id, warn: { _ in }) }) {
            try require(slots.slots.isEmpty, "credentials would be tried on a member's slot")
            let opened = try attempt { try slots.open(.recovery(fixture.slotSecret), repository: fixture.id) }
            try require(opened == nil, "a credential opens what is sealed to a member")
        }
        guard let read = try attempt({ try KeySlotHeader(object: object) }) else { return }
        guard let grant = try attempt({ try KeySlot.open(object, header: read, with: key) }) else { return }
        guard let grant else { throw Finding(message: "a slot does not open for its member") }
        let again = try KeySlot.seal(grant, to: key.publicKey, label: "again", time: 1, suite: header.suite)
        let opened = try KeySlot.open(again, header: KeySlotHeader(object: again), with: key)
        try require(
            opened?.member == grant.member && opened?.role == grant.role && opened?.rootOwner == grant.rootOwner
                && opened?.privateKeys.count == grant.privateKeys.count
                && opened?.derivedKeys.count == grant.derivedKeys.count,
            "a grant does not come out of a new slot"
        )
        let other = try Fixture.agreementKey(0x62)
        let stolen = try KeySlot.open(again, header: KeySlotHeader(object: again), with: other)
        try require(stolen == nil, "a member's slot opens for another")
    }

    /// No key derivation runs on numbers that a hostile store chose.
    private func checkBounds(_ header: KeySlotHeader) throws {
        guard header.kind == SlotKind.passphrase.rawValue else { return }
        let logarithm = header.scryptLog2N
        try require((14...20).contains(logarithm), "a slot with N = 2^\(logarithm) passes")
        let memory = (128 * header.scryptR) << logarithm
        try require((1...32).contains(header.scryptR) && memory <= 1 << 30, "a slot that needs \(memory) bytes passes")
        try require((1...4).contains(header.scryptP), "a slot with p = \(header.scryptP) passes")
    }

    private func check(_ object: [UInt8], _ flags: UInt8) throws {
        let store = MemoryObjectStore()
        let isNamedWrongly = flags & 2 != 0
        try store.put(.init(ObjectNames.slot(isNamedWrongly ? .zero : try sha256(object))), object)
        if flags & 4 != 0 { try checkNumber(store, object) }
        var warnings = 0
        let slots = try attempt { try Slots(store: store, repository: fixture.id, warn: { _ in warnings += 1 }) }
        guard let slots else { return }
        // Slots that are sealed to members are found by the policy.
        let isOfMember = (try? KeySlotHeader(object: object))?.kind == SlotKind.recipient.rawValue
        let dealtWith = slots.slots.count + warnings
        try require(dealtWith == 1 || (dealtWith == 0 && isOfMember), "a slot was neither taken nor passed over")
        try require(slots.slots.isEmpty || !isNamedWrongly, "a slot is taken under the name of another")
        guard let slot = slots.slots.first else { return }
        try checkBounds(slot.header)
        // One slot whose key cannot be derived would keep the others from being tried.
        if slot.header.kind == SlotKind.passphrase.rawValue {
            do { try slot.header.scryptParameters.validate() } catch {
                throw Finding(message: "a slot is taken whose key cannot be derived: \(error)")
            }
        }
        // Key derivation from a passphrase would take most of the time.
        let credential: Credential =
            slot.header.kind == SlotKind.recoveryWords.rawValue
            ? .recovery(fixture.slotSecret)
            : .keyFile(
                SecretHolder(
                    try KeyFile(repository: fixture.id, slot: slot.name, secret: try fixture.slotSecret.secret.copy())
                        .text()
                )
            )
        if let (keyring, name) = try attempt({ try slots.open(credential, repository: fixture.id) }) {
            try require(name == slot.name, "another slot was opened")
            // Sealing takes longer than all the rest.
            if flags & 16 != 0 { try reseal(keyring, slot.header) }
            try require(
                keyring.member == (try MemberID(of: keyring.signingKey.publicKey)),
                "a keyring of somebody else"
            )
        }
    }

    /// A keyring comes out of a new slot as it went in.
    private func reseal(_ keyring: Keyring, _ header: KeySlotHeader) throws {
        let again = try KeySlot.seal(
            keyring,
            kind: .recoveryWords,
            secret: fixture.slotSecret.secret,
            label: header.label,
            time: header.created,
            parameters: .standard,
            suite: header.suite
        )
        let opened = try KeySlot.open(
            again,
            header: KeySlotHeader(object: again),
            credential: .recovery(fixture.slotSecret)
        )
        try require(opened?.member == keyring.member, "a keyring does not come out of a new slot")
    }

    /// More slots than a repository can have are refused before any is read.
    private func checkNumber(_ store: MemoryObjectStore, _ object: [UInt8]) throws {
        let crowded = store.copy()
        for number in 0..<FormatBounds.slotObjects {
            let name = [UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8)]
            try crowded.put(.init(ObjectNames.slot(try sha256(name))), object)
        }
        let slots = try attempt { try Slots(store: crowded, repository: fixture.id, warn: { _ in }) }
        try require(slots == nil, "more slots than there can be are read")
    }

    func seeds() throws -> [[UInt8]] {
        let plain = try KeyringTarget.samples(fixture)
        var source = try RecordSource(seed: 53)
        source.addsUnknownFields = false
        var seeds: [[UInt8]] = []
        for round in 0..<22 {
            var header = try source.slotHeader()
            // Costs beyond the bounds, too weak ones, fields of other kinds.
            if round >= 16 {
                header.kind = round == 20 ? 3 : 1
                header.scryptLog2N = [30, 13, 20, 14, 17, 17][round - 16]
                header.scryptR = round == 18 ? 32 : 8
                header.scryptP = 1
                header.sealedSecret = round == 21 ? [UInt8](repeating: 1, count: 80) : []
                header.recipient = []
            }
            if round < 8 {
                header.kind = round % 2 == 0 ? 3 : 2
                header.scryptLog2N = 0
                header.scryptR = 0
                header.scryptP = 0
                header.sealedSecret = []
                header.recipient = []
            }
            var input = InputWriter()
            input.byte([16, 8, 0, 16, 2, 4, 8, 1][round % 8])
            input.block(Array(header.encodedPrefix().dropFirst(12)))
            input.raw(plain[round % plain.count])
            seeds.append(input.bytes)
        }
        for role in [MemberRole.writer, .reader, .owner] {
            let grant = KeyGrant(
                repository: fixture.id,
                rootOwner: fixture.keyring.rootOwner,
                member: fixture.keyring.member,
                role: role,
                repositorySecret: role == .owner ? fixture.keyring.repositorySecret : nil,
                privateKeys: role == .writer ? [] : fixture.keyring.privateKeys,
                derivedKeys: role == .owner ? [] : [fixture.keys]
            )
            var input = InputWriter()
            input.byte(32)
            var header = try source.slotHeader()
            header.repository = fixture.id
            input.block(Array(header.encodedPrefix().dropFirst(12)))
            input.raw(try grant.encoded(seed: nil, capacity: 4096).withBytes { $0.copyBytes() })
            seeds.append(input.bytes)
        }
        return seeds
    }
}
