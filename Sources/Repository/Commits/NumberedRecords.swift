import Cryptography
import ObjectStorage
import Records

/// Signed records that are numbered from 0 within a folder, read and verified (format.md §14).
struct NumberedRecords<Body: SignedBody> {
    /// One record that is what it says.
    struct Found {
        var number: UInt64
        var hash: ObjectHash
        var body: Body
    }

    /// What is wrong with a record.
    struct Flaw {
        /// The record's number; the first of several that are missing.
        var number: UInt64
        var message: String
        /// Whether there is no record at all.
        var isMissing: Bool
    }

    /// The records, by number.
    private(set) var records: [Found] = []
    /// What is missing or does not count.
    private(set) var flaws: [Flaw] = []

    /// The number after the last record that counts.
    var next: UInt64 { records.last.map { $0.number + 1 } ?? 0 }

    /// Reads all records of a folder.
    ///
    /// A record that is damaged or has no right is left out; so is one that the store no longer has. Numbers are missing
    /// only below a record that counts: names without a good record behind them can be planted by anybody.
    ///
    /// - Parameters:
    ///   - number: the number that a name holds, or nil for names of other kinds.
    ///   - objection: why a record of a known member does not count, or nil.
    static func load(
        from store: any ObjectStore,
        prefix: String,
        repository: RepositoryID,
        policies: PolicyChain,
        number: (ParsedName) -> UInt64?,
        objection: (Body, _ number: UInt64) -> String?
    ) throws -> NumberedRecords {
        var result = NumberedRecords()
        var names: [(number: UInt64, name: ObjectName)] = []
        try store.list(prefix: prefix) { name, _ in
            if let parsed = ObjectNames.parse(name.path), let number = number(parsed) { names.append((number, name)) }
        }
        var expected: UInt64 = 0
        var bad: Set<UInt64> = []
        for (number, name) in names.sorted(by: { $0.number < $1.number }) {
            do {
                let object = try store.readAll(name, atMost: Body.kind.maximumByteCount)
                let signer = try SignedRecord.signer(of: object, kind: Body.kind)
                guard let key = policies.key(of: signer) else {
                    throw RepositoryError(.integrity, "member \(signer) that signed it is in no policy")
                }
                let body = try SignedRecord.body(Body.self, of: object, signedBy: key, repository: repository)
                if let objection = objection(body, number) { throw RepositoryError(.integrity, objection) }
                // Each bad number was listed, so this ends soon.
                while expected < number, bad.contains(expected) { expected += 1 }
                if expected < number {
                    result.flaws.append(
                        Flaw(number: expected, message: missingText(expected, number - 1), isMissing: true)
                    )
                }
                expected = number + 1
                result.records.append(
                    Found(number: number, hash: try unsafe SHA256.hash(object.span.bytes), body: body)
                )
            } catch let error as StorageError where error.code == .notFound {
                continue
            } catch let error as StorageError where !error.isDamage {
                throw error
            } catch {
                bad.insert(number)
                result.flaws.append(
                    Flaw(
                        number: number,
                        message: "\(name.path) is damaged or forged and is ignored: \(error)",
                        isMissing: false
                    )
                )
            }
        }
        return result

        func missingText(_ first: UInt64, _ last: UInt64) -> String {
            let what = first == last ? "number \(first) is missing" : "numbers \(first) to \(last) are missing"
            return
                "\(what) in \(prefix) though a later one exists: somebody has removed or withholds it; look for it in "
                + "another copy"
        }
    }
}
