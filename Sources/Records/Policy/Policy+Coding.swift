internal import Cryptography

extension Policy {
    package init(decoding body: [UInt8]) throws(RecordError) {
        let what = Self.kind.name
        var reader = FieldReader(body, what: what, repeated: [11, 13, 15, 17, 19, 21])
        var head = SignedHead()
        var number: UInt64 = 0
        var previous: ObjectHash?
        var time: Int64 = 0
        var suite: CipherSuite?
        var members: [PolicyMember] = []
        var domains: [PolicyDomain] = []
        var managers: [AgreementPublicKey] = []
        var slots: [ObjectHash] = []
        var features: [String] = []
        var revocations: [Revocation] = []
        var retention = RetentionLimits()
        var unknown = UnknownFields()
        while let field = try reader.next() {
            switch field.tag {
            case 5: number = try field.number()
            case 7: previous = try field.digest()
            case 8: time = try field.signed()
            case 9: suite = try field.suite()
            case 11: members.append(try PolicyMember(reading: field))
            case 13: domains.append(try PolicyDomain(reading: field))
            case 15: managers.append(AgreementPublicKey(try field.digest()))
            case 17: slots.append(try field.digest())
            case 19: features.append(try field.text())
            case 21: revocations.append(try Revocation(reading: field))
            case 22: retention = try RetentionLimits(reading: field)
            default: if try !head.take(field) { try field.requireKnown(what, keep: &unknown) }
            }
        }
        let (repository, signer) = try head.values(of: what)
        self.init(
            repository: repository,
            signer: signer,
            number: number,
            previous: previous,
            time: time,
            suite: try required(suite, "cipher suite", of: what),
            members: members,
            domains: domains,
            managers: managers,
            slots: slots,
            features: features,
            revocations: revocations,
            retention: retention,
            unknown: unknown
        )
        try validate()
    }

    package func encodedBody() -> [UInt8] {
        var writer = FieldWriter(self)
        writer.integer(5, number)
        writer.digest(7, previous)
        writer.signed(8, time)
        writer.integer(9, UInt64(suite.rawValue))
        for member in members { writer.record(11, member.write) }
        for domain in domains { writer.record(13, domain.write) }
        writer.repeatedDigest(15, managers.map(\.bytes))
        writer.repeatedDigest(17, slots)
        writer.repeatedText(19, features)
        for revocation in revocations { writer.record(21, revocation.write) }
        writer.bytes(22, retention.encoded())
        writer.unknown(unknown)
        return writer.bytes
    }
}
