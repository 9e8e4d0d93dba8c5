/// The signed record that makes a snapshot exist: its outer form, which needs no key to read.
package struct Commit: SignedBody {
    package static var kind: RecordKind { .commit }

    package var repository: RepositoryID
    package var signer: MemberID
    /// The domain of the snapshot's data.
    package var domain: DomainID
    /// The epoch of the domain, from 1.
    package var epoch: UInt32
    /// The chain that the commit belongs to.
    package var incarnation: Incarnation
    /// The run that stored the snapshot.
    package var run: RunID
    /// The serial number of the member's certificate.
    package var certificateSerial: UInt64
    /// The number of the policy that was in force for the member.
    package var policyNumber: UInt64
    /// The SHA-256 of that policy's object.
    package var policyHash: ObjectHash
    /// The dataset.
    package var dataset: DatasetID
    /// The commit's number within its chain, from 1.
    package var number: UInt64
    /// The SHA-256 of the commit object before it in the chain; nil in number 1.
    package var previous: ObjectHash?
    /// When the member says it committed, nanoseconds since 1970-01-01 UTC.
    package var time: Int64
    /// The root of the snapshot's manifest.
    package var root: PageReference
    /// The run's own lists of the packs that it added; member and run are those of the commit.
    package var addedPackLists: [PackListReference]
    /// Lists of packs that the snapshot needs and the run did not add.
    package var referredPackLists: [PackListReference]
    /// The highest commit of each other chain that the member had seen.
    package var heads: [CommitHead]
    /// The run's metadata key, sealed to readers and managers.
    package var keyBox: KeyBox
    /// Random bytes from which the sealed part's key derives, 32.
    package var salt: [UInt8]
    /// The sealed part, with its tag.
    package var sealed: [UInt8]
    /// Silence longer than this is withholding, seconds; 0 if nothing is declared.
    package var interval: UInt64
    /// What the commit knows of each site, for synchronisation.
    package var knowledge: [SiteKnowledge]
    /// The commit that this one replaces in listings, with the same data.
    package var replaced: ObjectHash?
    /// Optional fields of later versions.
    package var unknown: UnknownFields

    /// Puts the parts together.
    package init(
        repository: RepositoryID,
        signer: MemberID,
        domain: DomainID,
        epoch: UInt32,
        incarnation: Incarnation,
        run: RunID,
        certificateSerial: UInt64,
        policyNumber: UInt64,
        policyHash: ObjectHash,
        dataset: DatasetID,
        number: UInt64,
        previous: ObjectHash?,
        time: Int64,
        root: PageReference,
        addedPackLists: [PackListReference],
        referredPackLists: [PackListReference],
        heads: [CommitHead],
        keyBox: KeyBox,
        salt: [UInt8],
        sealed: [UInt8],
        interval: UInt64 = 0,
        knowledge: [SiteKnowledge] = [],
        replaced: ObjectHash? = nil,
        unknown: UnknownFields = UnknownFields()
    ) {
        self.repository = repository
        self.signer = signer
        self.domain = domain
        self.epoch = epoch
        self.incarnation = incarnation
        self.run = run
        self.certificateSerial = certificateSerial
        self.policyNumber = policyNumber
        self.policyHash = policyHash
        self.dataset = dataset
        self.number = number
        self.previous = previous
        self.time = time
        self.root = root
        self.addedPackLists = addedPackLists
        self.referredPackLists = referredPackLists
        self.heads = heads
        self.keyBox = keyBox
        self.salt = salt
        self.sealed = sealed
        self.interval = interval
        self.knowledge = knowledge
        self.replaced = replaced
        self.unknown = unknown
    }
}
