/// What was typed, or set in the environment, makes no sense or does not suffice.
struct UsageError: Error, CustomStringConvertible {
    /// What is wrong and what to give instead.
    var description: String

    /// Says what is wrong.
    init(_ description: String) { self.description = description }
}
