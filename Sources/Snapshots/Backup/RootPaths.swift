/// Paths as a user writes them.
package enum RootPaths {
    /// Makes a path absolute without touching the file system: `.` and `..` are resolved by their meaning in text.
    package static func absolute(_ path: [UInt8], workingDirectory: [UInt8]) -> [UInt8] {
        let whole = path.first == UInt8(ascii: "/") ? path : workingDirectory + [UInt8(ascii: "/")] + path
        var components: [ArraySlice<UInt8>] = []
        for component in whole.split(separator: UInt8(ascii: "/")) {
            if component.elementsEqual(".".utf8) { continue }
            if component.elementsEqual("..".utf8) {
                _ = components.popLast()
            } else {
                components.append(component)
            }
        }
        return [UInt8(ascii: "/")] + components.joined(separator: [UInt8(ascii: "/")])
    }
}
