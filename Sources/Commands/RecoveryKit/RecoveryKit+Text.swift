import Cryptography
import Records
import Repository

extension RecoveryKit {
    private static let title = "HOLDFAST RECOVERY KIT"

    /// The page to print.
    func text() throws -> String {
        let words = try RecoveryWords.encode(secret.secret)
        var lines = [
            RecoveryKit.title,
            "",
            "Whoever holds this page can read everything in the repository, now and later.",
            "Keep it away from the repository and from this computer: on paper, in a safe.",
            "",
            "Repository:  \(repository?.hex ?? "")",
            "Location:    \(safeLine(location))",
            "Owner:       \(owner?.hex ?? "")",
            "Made:        \(made)",
            "",
            "What was known of the repository when the kit was made. An older state than",
            "this is a roll-back and is recognised as one:",
            "",
        ]
        if let policy { lines.append("Policy:      \(policy.number) \(policy.hash.hex)") }
        for head in heads {
            lines.append("Head:        \(head.member.hex) \(head.incarnation.hex)")
            lines.append("             \(head.number) \(head.hash.hex)")
        }
        lines += ["", "Words:"]
        for row in stride(from: 0, to: words.count, by: 6) {
            let cells = words[row..<min(row + 6, words.count)].enumerated().map { index, word in
                Format.padded("\(row + index + 1)", to: 3, onTheLeft: true) + " \(word)"
            }
            lines.append("   " + cells.joined(separator: "  "))
        }
        lines += [
            "",
            "To restore on a new computer: install holdfast, type the words (they suffice; or",
            "this whole page) into a file, and run",
            "",
            "    holdfast --repo LOCATION --recovery-kit FILE restore latest --target DIRECTORY",
            "",
        ]
        return lines.joined(separator: "\n")
    }

    /// Reads a page that `text()` has written, or words alone.
    ///
    /// - Throws: `RepositoryError.wrongKey` naming what cannot be right.
    init(parsing text: String) throws {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.split { $0 == " " || $0 == "\t" || $0 == "\r" }.map(String.init)
        }
        guard lines.contains(where: { $0.joined(separator: " ").uppercased() == RecoveryKit.title }) else {
            self.init(secret: SecretHolder(try RecoveryWords.decode(text)))
            return
        }
        guard let start = lines.firstIndex(where: { $0.first == "Words:" }) else {
            throw RepositoryError(.wrongKey, "the recovery kit has no line \"Words:\": it is incomplete")
        }
        let rest = lines[start...].drop { $0 == ["Words:"] || $0.isEmpty }.prefix { !$0.isEmpty }
        let words = lines[start].dropFirst() + rest.joined()
        self.init(secret: SecretHolder(try RecoveryWords.decode(words.joined(separator: " "))))
        let fields = Array(lines[..<start])
        for (index, line) in fields.enumerated() {
            let next = index + 1 < fields.count ? fields[index + 1] : []
            try read(line, next)
        }
    }

    private mutating func read(_ line: [String], _ next: [String]) throws {
        func digest(_ text: String?) throws -> Digest {
            guard let text, let value = Digest(hex: text) else { throw RecoveryKit.misread(line) }
            return value
        }
        switch line.first {
        case "Repository:": repository = try digest(line.dropFirst().first)
        case "Location:": location = line.dropFirst().joined(separator: " ")
        case "Owner:":
            guard line.count == 2, let member = MemberID(hex: line[1]) else { throw RecoveryKit.misread(line) }
            owner = member
        case "Policy:":
            guard line.count == 3, let number = UInt64(line[1]) else { throw RecoveryKit.misread(line) }
            policy = (number, try digest(line[2]))
        case "Head:":
            let parts = line.dropFirst() + next
            guard parts.count == 4, let member = MemberID(hex: parts[1]), let incarnation = Incarnation(hex: parts[2]),
                let number = UInt64(parts[3])
            else { throw RecoveryKit.misread(line) }
            heads.append(
                CommitHead(member: member, incarnation: incarnation, number: number, hash: try digest(parts.last))
            )
        default: break
        }
    }

    private static func misread(_ line: [String]) -> RepositoryError {
        RepositoryError(
            .wrongKey,
            "the line \"\(line.joined(separator: " "))\" of the recovery kit is misspelt; the words alone suffice"
        )
    }
}
