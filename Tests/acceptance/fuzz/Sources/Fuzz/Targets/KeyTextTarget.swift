import Cryptography
import Records

@testable import Commands
@testable import RecordSamples
@testable import Repository

/// What people keep and hand over of keys: key files, recovery words, recovery kits, requests of members.
final class KeyTextTarget: FuzzTarget {
    static let name = "keytext"
    static let parsers = [
        "Commands/RecoveryKit/RecoveryKit+Text.swift", "Repository/Keys/KeyFile.swift", "Repository/Keys/KeyText.swift",
        "Repository/Keys/MemberKeyFile.swift", "Repository/Keys/MemberRequest.swift",
        "Repository/Keys/RecoveryWords.swift",
    ]

    func run(_ input: [UInt8]) throws {
        var input = InputReader(input)
        let mode = input.byte()
        let bytes = input.remainder()
        switch mode % 9 {
        case 0: try checkKeyFile(bytes)
        case 1: try checkKeyFile(try withCheck(bytes))
        case 2: try checkWords(String(decoding: bytes, as: UTF8.self))
        case 3: try checkSecret(bytes)
        case 4: try checkKit(String(decoding: bytes, as: UTF8.self))
        case 5: try checkMemberKeyFile(bytes)
        case 6: try checkMemberKeyFile(try withCheck(bytes))
        case 7: try checkRequest(String(decoding: bytes, as: UTF8.self))
        default: try checkRequest(try request(bytes))
        }
    }

    private func checkMemberKeyFile(_ bytes: [UInt8]) throws {
        let text = try Fixture.secret(bytes)
        let parsed = try attempt { () throws -> (RepositoryID, VerifyingKey, SecretHolder) in
            let file = try MemberKeyFile(parsing: text)
            return (file.repository, file.rootOwner, SecretHolder(try file.seed.copy()))
        }
        guard let (repository, owner, seed) = parsed else { return }
        try require(seed.secret.count == 32, "a seed of \(seed.secret.count) bytes passes")
        let written = try MemberKeyFile(repository: repository, rootOwner: owner, seed: try seed.secret.copy()).text()
        let again = try MemberKeyFile(parsing: written)
        let isSame = again.repository == repository && again.rootOwner == owner && again.seed.equals(seed.secret)
        try require(isSame && MemberKeyFile.isOne(written), "a member's key file changes when it is written and read")
        let request = try MemberRequest(again, name: "member")
        let read = try MemberRequest(parsing: try request.text(signedWith: again))
        let agreement = try AgreementKey(memberSeed: seed.secret, repository: repository)
        let fits = read == request && read.agreementKey == agreement.publicKey
        try require(fits, "a request is not that of the key file")
    }

    private func checkRequest(_ text: String) throws {
        guard let request = try attempt({ try MemberRequest(parsing: text) }) else { return }
        try MemberRequest.validate(name: request.name)
        let signer = MemberKeyFile(repository: request.repository, rootOwner: request.rootOwner, seed: try Self.seed())
        // Only who has the seed can write it again.
        guard request.key == (try SigningKey(seed: signer.seed).publicKey) else { return }
        let again = try MemberRequest(parsing: try request.text(signedWith: signer))
        try require(again == request, "a request changes when it is written and read")
    }

    private static func seed() throws -> Secret { try Fixture.secret(0x07) }

    /// A line with these fields, signed and with the right check.
    private func request(_ body: [UInt8]) throws -> String {
        let message = Array("holdfast/v1/member-request\0".utf8) + body
        let signed = body + (try unsafe SigningKey(seed: Self.seed()).sign(message.span.bytes))
        let whole = signed + (try sha256(signed).bytes.prefix(4))
        return "holdfast-member-request-1:" + (unsafe Hex.encode(whole.span.bytes))
    }

    private func checkKeyFile(_ bytes: [UInt8]) throws {
        let text = try Fixture.secret(bytes)
        let parsed = try attempt { () throws -> (RepositoryID, ObjectHash, SecretHolder) in
            let file = try KeyFile(parsing: text)
            return (file.repository, file.slot, SecretHolder(try file.secret.copy()))
        }
        guard let (repository, slot, secret) = parsed else { return }
        try require(secret.secret.count == 32, "a secret of \(secret.secret.count) bytes passes")
        let written = try KeyFile(repository: repository, slot: slot, secret: try secret.secret.copy()).text()
        let again = try KeyFile(parsing: written)
        let isSame = again.repository == repository && again.slot == slot && again.secret.equals(secret.secret)
        try require(isSame, "a key file changes when it is written and read")
    }

    /// Adds the line that checks the ones before, as the format has it.
    private func withCheck(_ bytes: [UInt8]) throws -> [UInt8] {
        var counted: [UInt8] = []
        for line in bytes.split(separator: UInt8(ascii: "\n")) where line.first != UInt8(ascii: "#") {
            counted += line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            counted.append(UInt8(ascii: "\n"))
        }
        let check = try sha256(counted).hex.prefix(16)
        return bytes + Array("\ncheck: \(check)\n".utf8)
    }

    private func checkWords(_ text: String) throws {
        guard let secret = try attempt({ SecretHolder(try RecoveryWords.decode(text)) }) else { return }
        let words = try RecoveryWords.encode(secret.secret)
        let typed = text.lowercased().split { !$0.isLetter }.map(String.init)
        try require(words == typed, "recovery words are spelt otherwise than they were read")
    }

    private func checkSecret(_ bytes: [UInt8]) throws {
        let secret = try Fixture.secret(bytes.prefix(32) + [UInt8](repeating: 0, count: max(0, 32 - bytes.count)))
        var words = try RecoveryWords.encode(secret)
        let isSame = try RecoveryWords.decode(words.joined(separator: "-").uppercased()).equals(secret)
        try require(isSame, "recovery words spell another secret")
        guard let change = bytes.dropFirst(32).first, words.count == 18 else { return }
        // Two words in the place of each other are noticed.
        let (first, second) = (Int(change) % 18, Int(change / 18) % 18)
        guard words[first] != words[second] else { return }
        words.swapAt(first, second)
        let wrong = try attempt { SecretHolder(try RecoveryWords.decode(words.joined(separator: " "))) }
        try require(wrong == nil, "swapped words pass the check")
    }

    private func checkKit(_ text: String) throws {
        guard let kit = try attempt({ try RecoveryKit(parsing: text) }) else { return }
        // The program prints kits of repositories only.
        guard kit.repository != nil, kit.owner != nil else { return }
        let again = try RecoveryKit(parsing: try kit.text())
        let isSame = again.secret.secret.equals(kit.secret.secret)
        try require(isSame, "a recovery kit changes its words when it is written and read")
        try require(
            again.repository == kit.repository && again.owner == kit.owner && again.heads == kit.heads
                && again.policy?.number == kit.policy?.number && again.policy?.hash == kit.policy?.hash,
            "a recovery kit changes when it is written and read"
        )
    }

    func seeds() throws -> [[UInt8]] {
        let fixture = try Fixture()
        let file = try KeyFile(
            repository: fixture.id,
            slot: try testDigest(0x77),
            secret: try fixture.slotSecret.secret.copy()
        ).text().withBytes { $0.copyBytes() }
        let unchecked = String(decoding: file, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.hasPrefix("check") }.joined(separator: "\n")
        let words = try RecoveryWords.encode(fixture.slotSecret.secret).joined(separator: " ")
        var kit = RecoveryKit(secret: fixture.slotSecret)
        kit.repository = fixture.id
        kit.owner = fixture.keyring.member
        kit.location = "/srv/backup of things"
        kit.made = "2026-11-24"
        kit.policy = (3, try testDigest(0x12))
        var source = try RecordSource(seed: 54)
        source.addsUnknownFields = false
        kit.heads = [try source.head(), try source.head()]
        let member = MemberKeyFile(
            repository: fixture.id,
            rootOwner: fixture.keyring.rootOwner,
            seed: try Self.seed()
        )
        let memberText = String(decoding: try member.text().withBytes { $0.copyBytes() }, as: UTF8.self)
        let unsealed = memberText.split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.hasPrefix("check") }.joined(separator: "\n")
        let line = try MemberRequest(member, name: "web1").text(signedWith: member)
        let hex = String(line.dropFirst("holdfast-member-request-1:".count))
        let requestBody = Array((Hex.decode(hex) ?? []).dropLast(68))
        return [
            [5] + Array(memberText.utf8), [6] + Array(unsealed.utf8), [7] + Array(line.utf8), [8] + requestBody,
            [0] + file, [1] + Array(unchecked.utf8), [1] + Array(unchecked.replacing("\n", with: "\r\n").utf8),
            [2] + Array(words.utf8), [3] + (0..<34), [4] + Array(try kit.text().utf8), [4] + Array(words.utf8),
        ]
    }
}

extension String {
    /// The text with every occurrence of one character replaced.
    fileprivate func replacing(_ character: Character, with other: String) -> String {
        split(separator: character, omittingEmptySubsequences: false).joined(separator: other)
    }
}
