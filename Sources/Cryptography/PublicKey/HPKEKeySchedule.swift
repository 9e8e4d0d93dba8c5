extension HPKE {
    /// The AEAD key and nonce of one message in base mode (RFC 9180, section 5.1).
    struct KeySchedule: ~Copyable {
        /// The key, 32 bytes.
        let key: Secret
        /// The nonce of sequence number 0, 12 bytes.
        let nonce: Secret

        /// Derives both from the KEM's shared secret.
        init(sharedSecret: borrowing Secret, info: RawSpan, suite: CipherSuite) throws {
            // KEM 0x0020: DHKEM(X25519, HKDF-SHA256); KDF 0x0001: HKDF-SHA256.
            let labels = HPKELabels(suiteID: Array("HPKE".utf8) + [0x00, 0x20, 0x00, 0x01, 0x00, suite.hpkeIdentifier])
            let nothing: [UInt8] = []
            let noSecret = try unsafe Secret(copying: nothing.span.bytes)
            let information = try Secret(copying: info)
            var context: [UInt8] = [HPKE.baseMode]
            try unsafe labels.extract(salt: nothing.span.bytes, label: "psk_id_hash", inputKey: noSecret)
                .withBytes { Self.append($0, to: &context) }
            try unsafe labels.extract(salt: nothing.span.bytes, label: "info_hash", inputKey: information)
                .withBytes { Self.append($0, to: &context) }
            let secret = try sharedSecret.withBytes { salt in
                try labels.extract(salt: salt, label: "secret", inputKey: noSecret)
            }
            let key = try unsafe labels.expand(
                secret,
                label: "key",
                info: context.span.bytes,
                count: CipherSuite.keyByteCount
            )
            let nonce = try unsafe labels.expand(
                secret,
                label: "base_nonce",
                info: context.span.bytes,
                count: AEAD.nonceByteCount
            )
            self.key = key
            self.nonce = nonce
        }

        private static func append(_ bytes: RawSpan, to context: inout [UInt8]) {
            unsafe bytes.withUnsafeBytes { unsafe context.append(contentsOf: unsafe $0) }
        }
    }

    /// The number of base mode: no pre-shared key, no sender key.
    private static let baseMode: UInt8 = 0
}

/// HKDF with the labels by which RFC 9180, section 4, keeps its derivations apart.
struct HPKELabels {
    /// What the keys belong to: the KEM, or the whole suite.
    let suiteID: [UInt8]

    /// LabeledExtract.
    func extract(salt: RawSpan, label: String, inputKey: borrowing Secret) throws -> Secret {
        let prefix = Array("HPKE-v1".utf8) + suiteID + Array(label.utf8)
        let labelled = try unsafe Secret(count: prefix.count + inputKey.count) { target in
            unsafe target.copyBytes(from: prefix)
            inputKey.withBytes { inputKey in
                unsafe inputKey.withUnsafeBytes { inputKey in
                    unsafe UnsafeMutableRawBufferPointer(rebasing: target[prefix.count...]).copyMemory(from: inputKey)
                }
            }
        }
        return try HKDF.extract(salt: salt, inputKey: labelled)
    }

    /// LabeledExpand, of at most 8,160 bytes.
    func expand(_ key: borrowing Secret, label: String, info: RawSpan, count: Int) throws -> Secret {
        var labelled: [UInt8] = [UInt8(count >> 8), UInt8(count & 0xFF)]
        labelled += Array("HPKE-v1".utf8) + suiteID + Array(label.utf8)
        unsafe info.withUnsafeBytes { unsafe labelled.append(contentsOf: unsafe $0) }
        return try unsafe HKDF.expand(key, info: labelled.span.bytes, count: count)
    }
}

extension CipherSuite {
    /// The AEAD's low byte in RFC 9180's registry (section 7.3); the high byte is zero.
    fileprivate var hpkeIdentifier: UInt8 {
        switch self {
        case .aes256GCM: 0x02
        case .chaCha20Poly1305: 0x03
        }
    }
}
