import ArgumentParser

/// How much parity is made, as people write it: `5`, `5%`, or `off`.
struct ParityPercent: ExpressibleByArgument {
    /// Per cent, 1 to 100; 0 for none.
    var value: Int

    init?(argument: String) {
        if argument == "off" {
            value = 0
            return
        }
        let digits = argument.hasSuffix("%") ? argument.dropLast() : argument[...]
        guard let number = Int(digits), (0...100).contains(number) else { return nil }
        value = number
    }
}
