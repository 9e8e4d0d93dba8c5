/// Names for files that are not yet what they will be called.
package enum TemporaryName {
    /// A name that nobody can guess: a prefix and 32 random hexadecimal digits.
    package static func random(prefix: String = ".holdfast-") -> [UInt8] {
        var name = Array(prefix.utf8)
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2 {
            let digits = String(generator.next() as UInt64, radix: 16)
            name.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: 16 - digits.utf8.count))
            name.append(contentsOf: digits.utf8)
        }
        return name
    }
}
