/// A location that cannot be read as one; the text says what is wrong and how to write it.
package struct LocationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong, in plain words.
    package var description: String

    init(_ description: String) { self.description = description }
}
