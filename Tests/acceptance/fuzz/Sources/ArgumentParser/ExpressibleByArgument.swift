/// What the types of options conform to, in place of the protocol of swift-argument-parser.
///
/// The fuzzed package needs no more of that library than this name.
public protocol ExpressibleByArgument {
    /// Reads an argument; nil if it is not one of this type.
    init?(argument: String)
    /// How the value is shown in help.
    var defaultValueDescription: String { get }
}

extension ExpressibleByArgument {
    /// The value in words.
    public var defaultValueDescription: String { "\(self)" }
}
