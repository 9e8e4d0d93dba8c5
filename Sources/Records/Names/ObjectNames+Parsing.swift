internal import Cryptography

extension ObjectNames {
    /// The length of the longest name, a commit's, in bytes.
    private static let maximumByteCount = 133

    /// What a name says, or nil if it is no name of the format: wrong digits, upper case, a part too many or too few.
    package static func parse(_ name: String) -> ParsedName? {
        guard name.utf8.count <= maximumByteCount else { return nil }
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(Substring.init)
        switch (parts.first, parts.count) {
        case ("format", 1): return .format
        case (_, 2): return parseShort(parts[0], parts[1])
        case (_, 3): return parseWithOwner(parts[0], parts[1], parts[2])
        case (_, 4): return parseWithChain(parts[0], parts[1], parts[2], parts[3])
        default: return nil
        }
    }

    private static func parseShort(_ folder: Substring, _ last: Substring) -> ParsedName? {
        switch folder {
        case "policy": number(last).map { .policy(number: $0) }
        case "keys": digest(last).map { .slot($0) }
        case "index": digest(last).map { .index($0) }
        case "parity": digest(last).map { .parity($0) }
        case "forgotten": number(last).map { .forgotten(number: $0) }
        case "holds": number(last).map { .hold(number: $0) }
        case "erased": number(last).map { .erasure(number: $0) }
        case "plans":
            if last.utf8.count == 15, last.hasSuffix(".done") {
                number(last.prefix(10)).map { .planDone(number: $0) }
            } else {
                numberAndHash(last).map { .plan(number: $0.number, hash: $0.hash) }
            }
        default: nil
        }
    }

    private static func parseWithOwner(_ folder: Substring, _ owner: Substring, _ last: Substring) -> ParsedName? {
        if folder == "packs" {
            guard let hash = digest(last), owner.utf8.count == 2, last.utf8.starts(with: owner.utf8) else { return nil }
            return .pack(hash)
        }
        guard let owner = MemberID(hex: String(owner)), let number = number(last) else { return nil }
        switch folder {
        case "attested": return .attestation(member: owner, number: number)
        case "receipts": return .receipt(receiver: owner, number: number)
        case "audit": return .audit(member: owner, number: number)
        default: return nil
        }
    }

    private static func parseWithChain(
        _ folder: Substring,
        _ member: Substring,
        _ chain: Substring,
        _ last: Substring
    ) -> ParsedName? {
        guard let member = MemberID(hex: String(member)) else { return nil }
        if folder == "commits" {
            guard let incarnation = Incarnation(hex: String(chain)), let (number, hash) = numberAndHash(last) else {
                return nil
            }
            return .commit(member: member, incarnation: incarnation, number: number, hash: hash)
        }
        guard let run = RunID(hex: String(chain)) else { return nil }
        switch (folder, last) {
        case ("leases", "end"): return .leaseEnd(member: member, run: run)
        case ("leases", "dead"): return .leaseDead(member: member, run: run)
        case ("leases", _): return number(last).map { .lease(member: member, run: run, number: $0) }
        case ("packlists", _): return number(last).map { .packList(member: member, run: run, number: $0) }
        default: return nil
        }
    }

    private static func numberAndHash(_ part: Substring) -> (number: UInt64, hash: ObjectHash)? {
        let bytes = part.utf8
        guard bytes.count == 75, bytes.dropFirst(10).first == UInt8(ascii: "-"),
            let number = number(Substring(bytes.prefix(10))), let hash = digest(Substring(bytes.suffix(64)))
        else { return nil }
        return (number, hash)
    }

    private static func digest(_ part: Substring) -> Digest? {
        Digest(hex: String(part))
    }

    private static func number(_ part: Substring) -> UInt64? {
        guard part.utf8.count == 10, part.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return UInt64(part)
    }
}
