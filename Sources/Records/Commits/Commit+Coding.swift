extension Commit {
    package init(decoding body: [UInt8]) throws(RecordError) {
        let what = Self.kind.name
        var reader = FieldReader(body, what: what, repeated: [29, 31, 33, 42])
        var head = SignedHead()
        var domain: DomainID?
        var epoch: UInt32?
        var incarnation: Incarnation?
        var run: RunID?
        var certificateSerial: UInt64 = 0
        var policyNumber: UInt64 = 0
        var policyHash: ObjectHash?
        var dataset: DatasetID?
        var number: UInt64?
        var previous: ObjectHash?
        var time: Int64 = 0
        var root: PageReference?
        var added: [PackListReference] = []
        var referred: [PackListReference] = []
        var heads: [CommitHead] = []
        var keyBox: KeyBox?
        var salt: [UInt8]?
        var sealed: [UInt8]?
        var interval: UInt64 = 0
        var knowledge: [SiteKnowledge] = []
        var replaced: ObjectHash?
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 5: domain = try field.identifier()
            case 7: epoch = try field.integer32()
            case 9: incarnation = try field.incarnation()
            case 11: run = try field.identifier()
            case 13: certificateSerial = try field.integer()
            case 15: policyNumber = try field.number()
            case 17: policyHash = try field.digest()
            case 19: dataset = try field.identifier()
            case 21: number = try field.number()
            case 23: previous = try field.digest()
            case 25: time = try field.signed()
            case 27: root = try PageReference(reading: field)
            case 29:
                // Both stand earlier in the record, for tags ascend.
                let member = try head.values(of: what).signer
                added.append(try PackListReference(added: field, member: member, run: required(run, "run", of: what)))
            case 31: referred.append(try PackListReference(referred: field))
            case 33: heads.append(try CommitHead(reading: field))
            case 35: keyBox = try KeyBox(reading: field)
            case 37: salt = try field.bytes(exactly: 32)
            case 39: sealed = try field.bytes()
            case 40: interval = try field.integer()
            case 42: knowledge.append(try SiteKnowledge(reading: field))
            case 43: replaced = try field.digest()
            default: if try !head.take(field) { try field.requireKnown(what, keep: &unknown) }
            }
        }
        let (repository, signer) = try head.values(of: what)
        self.init(
            repository: repository,
            signer: signer,
            domain: try required(domain, "domain", of: what),
            epoch: try required(epoch, "epoch", of: what),
            incarnation: try required(incarnation, "incarnation", of: what),
            run: try required(run, "run", of: what),
            certificateSerial: certificateSerial,
            policyNumber: policyNumber,
            policyHash: try required(policyHash, "policy hash", of: what),
            dataset: try required(dataset, "dataset", of: what),
            number: try required(number, "number", of: what),
            previous: previous,
            time: time,
            root: try required(root, "root page", of: what),
            addedPackLists: added,
            referredPackLists: referred,
            heads: heads,
            keyBox: try required(keyBox, "key box", of: what),
            salt: try required(salt, "salt", of: what),
            sealed: try required(sealed, "sealed part", of: what),
            interval: interval,
            knowledge: knowledge,
            replaced: replaced,
            unknown: unknown
        )
        try requireConsistency()
    }

    package func encodedBody() -> [UInt8] {
        var writer = FieldWriter(self)
        writer.identifier(5, domain)
        writer.integer(7, UInt64(epoch))
        writer.incarnation(9, incarnation)
        writer.identifier(11, run)
        writer.integer(13, certificateSerial)
        writer.integer(15, policyNumber)
        writer.digest(17, policyHash)
        writer.identifier(19, dataset)
        writer.integer(21, number)
        writer.digest(23, previous)
        writer.signed(25, time)
        writer.record(27, root.write)
        for list in addedPackLists { writer.record(29, list.writeAdded) }
        for list in referredPackLists { writer.record(31, list.writeReferred) }
        for head in heads { writer.record(33, head.write) }
        writer.raw(35, keyBox.encoded())
        writer.bytes(37, salt)
        writer.bytes(39, sealed)
        writer.integer(40, interval)
        for entry in knowledge { writer.record(42, entry.write) }
        writer.digest(43, replaced)
        writer.unknown(unknown)
        return writer.bytes
    }

    private func requireConsistency() throws(RecordError) {
        guard (number == 1) == (previous == nil) else {
            throw RecordError(
                .malformed,
                number == 1
                    ? "the first commit of a chain names one before it"
                    : "commit \(number) of a chain does not name the one before it"
            )
        }
        guard keyBox.purpose == 2 else {
            throw RecordError(.malformed, "the key box of the commit does not hold a metadata key")
        }
        var lists: Set<ListName> = []
        for list in addedPackLists + referredPackLists
        where !lists.insert(ListName(member: list.member, run: list.run, number: list.number)).inserted {
            throw RecordError(.malformed, "the commit names pack list \(list.number) of run \(list.run.hex) twice")
        }
        try CommitHead.requireUnique(heads, in: Self.kind.name)
        for head in heads where head.member == signer && head.incarnation == incarnation {
            throw RecordError(.malformed, "the commit names its own chain among the others")
        }
        guard Set(knowledge.map(\.site)).count == knowledge.count else {
            throw RecordError(.malformed, "the commit names a site twice")
        }
    }

    private struct ListName: Hashable {
        var member: MemberID
        var run: RunID
        var number: UInt64
    }
}
