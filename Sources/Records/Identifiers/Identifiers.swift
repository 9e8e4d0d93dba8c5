package import Cryptography

/// Marks identifiers of members.
package enum MemberKind {}
/// Marks identifiers of domains.
package enum DomainKind {}
/// Marks identifiers of runs.
package enum RunKind {}
/// Marks identifiers of datasets.
package enum DatasetKind {}
/// Marks identifiers of sites.
package enum SiteKind {}
/// Marks boot tokens.
package enum BootKind {}

/// A principal with a signing key: the first 16 bytes of SHA-256 over its Ed25519 public key.
package typealias MemberID = Identifier<MemberKind>
/// A set of datasets within which data deduplicates: 16 random bytes.
package typealias DomainID = Identifier<DomainKind>
/// One run of a writing command: 16 random bytes.
package typealias RunID = Identifier<RunKind>
/// A named source of data: a keyed hash of its name.
package typealias DatasetID = Identifier<DatasetKind>
/// A place with a live replica: 16 random bytes.
package typealias SiteID = Identifier<SiteKind>
/// A keyed hash of the kernel's boot id: tells two boots of a host apart without naming either.
package typealias BootToken = Identifier<BootKind>

/// A repository: 32 random bytes.
package typealias RepositoryID = Digest
/// The SHA-256 of all bytes of an object.
package typealias ObjectHash = Digest
/// A chunk: the keyed hash of its type and content.
package typealias ChunkID = Digest
