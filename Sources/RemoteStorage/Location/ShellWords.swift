/// Splits a command line into words as a shell would: by blanks, with quotes and backslashes, and nothing else.
package enum ShellWords {
    /// The words; throws when a quote is not closed.
    package static func split(_ text: String) throws(LocationError) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var characters = text.makeIterator()
        while let character = characters.next() {
            if let open = quote {
                if character == open {
                    quote = nil
                } else if character == "\\", open == "\"" {
                    word?.append(characters.next() ?? "\\")
                } else {
                    word?.append(character)
                }
            } else if character == "\"" || character == "'" {
                quote = character
                word = word ?? ""
            } else if character == "\\" {
                word = (word ?? "") + String(characters.next() ?? "\\")
            } else if character.isWhitespace {
                if let ended = word { words.append(ended) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        guard quote == nil else { throw LocationError("\"\(text)\": a quote is not closed") }
        if let word { words.append(word) }
        return words
    }
}
