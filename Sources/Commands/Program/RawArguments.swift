/// The arguments as the bytes that they are: paths need not be UTF-8, and Swift's strings cannot hold what is not.
enum RawArguments {
    /// The bytes of arguments that are not UTF-8, by what Swift has made of them.
    private static let repaired: [String: [UInt8]] = {
        var table: [String: [UInt8]] = [:]
        for index in 0..<Int(CommandLine.argc) {
            guard let pointer = unsafe CommandLine.unsafeArgv[index] else { continue }
            let text = unsafe String(cString: pointer)
            guard unsafe String(validatingCString: pointer) == nil else { continue }
            var bytes: [UInt8] = []
            var position = 0
            while true {
                let byte = unsafe UInt8(bitPattern: pointer[position])
                if byte == 0 { break }
                bytes.append(byte)
                position += 1
            }
            table[text] = bytes
        }
        return table
    }()

    /// The bytes that were typed where the parser gave this text.
    static func bytes(of argument: String) -> [UInt8] { repaired[argument] ?? Array(argument.utf8) }
}
