import Cryptography
import Foundation
import Testing

/// A file of test vectors: where they come from, and the cases.
struct Fixture<Case: Decodable & Sendable>: Decodable, Sendable {
    /// The publication, or what made the cases.
    let source: String
    /// At least one case.
    let cases: [Case]

    /// Reads `Fixtures/<name>.json`; a broken fixture gives a test no case to pass with, so it fails loudly.
    static func cases(_ name: String) throws -> [Case] {
        let location = try #require(
            Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Fixtures")
        )
        let fixture = try JSONDecoder().decode(Fixture.self, from: Data(contentsOf: location))
        try #require(!fixture.cases.isEmpty, "\(name).json holds no case")
        return fixture.cases
    }
}

/// Bytes that a fixture writes in hexadecimal.
struct HexBytes: Decodable, Hashable, Sendable {
    /// The bytes.
    let bytes: [UInt8]

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let bytes = Hex.decode(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not hexadecimal: \(text)")
        }
        self.bytes = bytes
    }

    /// A secret with these bytes.
    func secret() throws -> Secret {
        try bytes.secret()
    }
}

extension [UInt8] {
    /// A secret with these bytes.
    func secret() throws -> Secret {
        try unsafe Secret(copying: span.bytes)
    }

    /// The bytes with one bit turned over, counted from the lowest bit of the first byte.
    func flipping(bit: Int) -> [UInt8] {
        var result = self
        result[bit / 8] ^= 1 << UInt8(bit % 8)
        return result
    }
}

extension Secret {
    /// The bytes in the open, as only a test may have them.
    borrowing func exposed() -> [UInt8] {
        withBytes { bytes in
            unsafe bytes.withUnsafeBytes { unsafe Array($0) }
        }
    }
}

/// The code of the error that an operation throws; nil if it succeeds or throws another kind of error.
func errorCode(_ body: () throws -> Void) -> CryptographyError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? CryptographyError)?.code
    }
}
