import Cryptography
import ObjectStorage
import Records
import Repository

/// Tells whether objects are whole, by what they themselves and those before them say; no keys are needed.
struct ObjectJudge {
    /// What is known of an object.
    enum State: Hashable {
        case whole
        case damaged
        case missing
        /// What it depends on is damaged itself.
        case unknown
    }

    private let store: any ObjectStore
    private let repository: RepositoryID
    private let format: FormatHeader?
    private let policies: PolicyChain?

    /// Reads header and policies, as far as they are whole.
    init(store: any ObjectStore, repository: RepositoryID) {
        self.store = store
        self.repository = repository
        format = try? Repository.readFormat(store)
        policies = try? PublicRepository(store: store).policies
    }

    /// The state of an object that should have a hash.
    ///
    /// - Throws: `StorageError` if the store cannot be reached, what `onRead` throws.
    func state(of name: ObjectName, hash: Digest, onRead: (Int) throws -> Void) throws -> State {
        guard let parsed = ObjectNames.parse(name.path) else { return .whole }
        do {
            if let stated = parsed.hash {
                return try store.digest(of: name, onRead: onRead) == stated ? .whole : .damaged
            }
            let bytes = try store.readAll(name, atMost: parsed.kind.maximumByteCount)
            try onRead(bytes.count)
            if try unsafe SHA256.hash(bytes.span.bytes) == hash { return .whole }
            return isWhole(parsed, bytes).map { $0 ? .whole : .damaged } ?? .unknown
        } catch let error as StorageError {
            switch error.code {
            case .notFound: return .missing
            case .truncated, .damaged, .tooLarge, .other: return .damaged
            default: throw error
            }
        }
    }

    /// Whether bytes are a whole object of a name that states no hash; nil if that cannot be known.
    func isWhole(_ name: ParsedName, _ bytes: [UInt8]) -> Bool? {
        switch name {
        case .format: return (try? FormatHeader(object: bytes))?.repository == repository
        case .policy(let number): return isWhole(policy: number, bytes)
        default:
            guard let policies else { return nil }
            do {
                try SignedObjectCheck.verify(bytes, name: name, repository: repository, policies: policies)
                return true
            } catch {
                return false
            }
        }
    }

    private func isWhole(policy number: UInt64, _ bytes: [UInt8]) -> Bool? {
        guard let format else { return nil }
        guard let hash = unsafe try? SHA256.hash(bytes.span.bytes) else { return nil }
        if number == 0 { return hash == format.rootPolicy }
        let before = ObjectNames.policy(number - 1)
        guard let object = try? store.readAll(ObjectName(before), atMost: RecordKind.policy.maximumByteCount),
            isWhole(policy: number - 1, object) == true, let previous = policy(object),
            let previousHash = unsafe try? SHA256.hash(object.span.bytes)
        else { return nil }
        guard let signer = try? SignedRecord.signer(of: bytes, kind: .policy), previous.isOwner(signer),
            let key = previous.member(signer)?.key,
            let body = try? SignedRecord.body(Policy.self, of: bytes, signedBy: key, repository: repository)
        else { return false }
        return body.number == number && body.previous == previousHash
    }

    /// A policy whose bytes were found right.
    private func policy(_ object: [UInt8]) -> Policy? {
        let body = object.dropFirst(RecordKind.magicByteCount + 4).dropLast(VerifyingKey.signatureByteCount)
        return try? Policy(decoding: Array(body))
    }
}
