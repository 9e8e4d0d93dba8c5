internal import Glibc

extension Directory {
    /// Writes a whole file so that its name holds either the old content or the new, also after a crash.
    ///
    /// The bytes go to a new file of a random name in the same directory, are flushed to disk, take the name's place
    /// (a link there is replaced, not followed), and the directory is flushed. On failure the new file is removed.
    package func writeFileAtomically(
        _ name: [UInt8],
        _ bytes: RawSpan,
        permissions: UInt16 = 0o600
    ) throws(SystemError) {
        try requireName(name.span, "write file")
        let temporary = TemporaryName.random()
        let file = try createFile(temporary, permissions: permissions)
        do {
            try file.write(bytes)
            try file.sync()
            try file.close()
            try rename(temporary, to: self, as: name)
        } catch {
            // Whatever went wrong is the news; that the leftover could not be removed either is not.
            try? unlink(temporary)
            throw SystemError(errno: error.errno, operation: error.operation, path: name)
        }
        try sync()
    }

    /// The same with the bytes of an array.
    package func writeFileAtomically(
        _ name: [UInt8],
        _ bytes: [UInt8],
        permissions: UInt16 = 0o600
    ) throws(SystemError) {
        try unsafe writeFileAtomically(name, bytes.span.bytes, permissions: permissions)
    }

    /// Reads a whole file that must be a regular one and at most `limit` bytes long; a link in its place is refused.
    package func readFile(_ name: [UInt8], limit: Int) throws(SystemError) -> [UInt8] {
        let file = try openFile(name)
        do throws(SystemError) {
            guard try file.status().kind == .regular else {
                throw SystemError(errno: EINVAL, operation: "read as a file")
            }
            return try file.readToEnd(limit: limit)
        } catch {
            throw error.located(in: name)
        }
    }
}
