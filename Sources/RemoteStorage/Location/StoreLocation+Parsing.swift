extension StoreLocation {
    /// Reads a location; what has no scheme is a path.
    package init(parsing text: String) throws(LocationError) {
        guard !text.isEmpty, !text.utf8.contains(0) else { throw LocationError("the location is empty") }
        guard let scheme = schemeName(of: text) else {
            self = .directory(text)
            return
        }
        let rest = text.dropFirst(scheme.count + 1)
        switch scheme {
        case "local":
            guard !rest.isEmpty else { throw LocationError("\(text): name a directory, as in local:/srv/repository") }
            self = .directory(String(rest))
        case "sftp":
            self = .sftp(try rest.hasPrefix("//") ? sftpURL(rest.dropFirst(2), text) : sftpPath(rest, text))
        case "rclone":
            self = .rclone(try rcloneRemote(rest, text))
        case "s3":
            self = .s3(try s3Bucket(rest, text))
        default:
            throw unknownScheme(scheme, text)
        }
    }
}

/// The part before the first `:` if it looks like the name of a scheme (RFC 3986 §3.1, lower case).
private func schemeName(of text: String) -> String? {
    guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
    let name = text[..<colon]
    guard let first = name.utf8.first, isLetter(first) else { return nil }
    let fits = name.utf8.allSatisfy { byte in
        isLetter(byte) || (0x30...0x39).contains(byte) || "+-.".utf8.contains(byte)
    }
    return fits ? String(name) : nil
}

private func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }

private func unknownScheme(_ scheme: String, _ text: String) -> LocationError {
    switch scheme {
    case "https", "http", "holdfast":
        LocationError("\(text): this version does not reach Holdfast servers; use a directory, sftp:, s3: or rclone:")
    case "rest":
        LocationError(
            "\(text): rest: is restic's own server, which Holdfast does not speak to; use sftp:, s3: or rclone:"
        )
    case "b2", "azure", "gs", "swift":
        LocationError(
            "\(text): \(scheme) is reached through rclone (rclone:REMOTE:PATH), or as s3: where the service speaks S3"
        )
    default:
        LocationError(
            "\(text): \(scheme): is no kind of location; there are sftp:, s3: and rclone: (for a directory of that "
                + "name write local:\(text))"
        )
    }
}

/// `user@host[:port]/path`, what follows `sftp://`; after the first slash the path is relative unless it has another.
private func sftpURL(_ rest: Substring, _ text: String) throws(LocationError) -> SFTPLocation {
    let slash = rest.firstIndex(of: "/") ?? rest.endIndex
    let path = rest[slash...].dropFirst()
    let (user, authority) = try account(rest[..<slash], text)
    let (host, port) = try hostAndPort(authority, text)
    return try checked(
        SFTPLocation(
            user: try user.map { (name) throws(LocationError) in try percentDecoded(name, text) },
            host: host,
            port: port,
            path: try percentDecoded(path, text)
        ),
        text
    )
}

/// `user@host:path`, the way of scp.
private func sftpPath(_ rest: Substring, _ text: String) throws(LocationError) -> SFTPLocation {
    let usage = LocationError("\(text): write sftp:USER@HOST:/PATH, or sftp://USER@HOST:PORT//PATH for another port")
    // The colon after an address in brackets, otherwise the first one.
    var colon = rest.firstIndex(of: ":")
    if let open = rest.firstIndex(of: "["), let first = colon, open < first {
        guard let close = rest[open...].firstIndex(of: "]") else { throw usage }
        colon = rest[close...].firstIndex(of: ":")
    }
    guard let colon else { throw usage }
    let (user, authority) = try account(rest[..<colon], text)
    let (host, port) = try hostAndPort(authority, text)
    guard port == nil else { throw usage }
    return try checked(
        SFTPLocation(
            user: user.map { String($0) },
            host: host,
            port: nil,
            path: String(rest[rest.index(after: colon)...])
        ),
        text
    )
}

private func checked(_ location: SFTPLocation, _ text: String) throws(LocationError) -> SFTPLocation {
    var location = location
    // ssh would take such a name for an option.
    if location.host.hasPrefix("-") || location.user?.hasPrefix("-") == true {
        throw LocationError("\(text): neither a host nor a user may begin with \"-\"")
    }
    if location.user?.isEmpty == true { throw LocationError("\(text): the user's name before \"@\" is empty") }
    if location.path.hasPrefix("~") {
        throw LocationError(
            "\(text): SFTP servers do not know \"~\"; a path without a slash at its start is relative to the home directory"
        )
    }
    while location.path.utf8.count > 1, location.path.hasSuffix("/") { location.path.removeLast() }
    guard !location.path.isEmpty else {
        throw LocationError("\(text): name a directory on the server, as in sftp:host:/srv/repository")
    }
    return location
}

private func rcloneRemote(_ rest: Substring, _ text: String) throws(LocationError) -> String {
    guard let first = rest.first, first != "-", rest.dropFirst().contains(":") else {
        throw LocationError("\(text): write rclone:REMOTE:PATH; rclone listremotes shows the remotes there are")
    }
    return String(rest)
}

/// `[https://]host[:port]/bucket[/prefix]`; `s3://host/bucket` is taken as restic takes it.
private func s3Bucket(_ rest: Substring, _ text: String) throws(LocationError) -> S3Location {
    var rest = rest
    var usesTLS = true
    if rest.hasPrefix("https://") {
        rest = rest.dropFirst(8)
    } else if rest.hasPrefix("http://") {
        rest = rest.dropFirst(7)
        usesTLS = false
    } else if rest.hasPrefix("//") {
        rest = rest.dropFirst(2)
    }
    let usage = LocationError(
        "\(text): write s3:https://HOST/BUCKET/PREFIX, as in s3:s3.eu-central-1.amazonaws.com/backups"
    )
    guard let slash = rest.firstIndex(of: "/") else { throw usage }
    guard !rest[..<slash].contains("@") else {
        throw LocationError(
            "\(hidden(text)): keys do not belong into the location; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    }
    let (host, port) = try hostAndPort(rest[..<slash], text)
    let path = rest[rest.index(after: slash)...].split(separator: "/").map(String.init)
    guard let bucket = path.first else { throw usage }
    guard !path.contains("."), !path.contains("..") else {
        throw LocationError("\(text): \".\" and \"..\" mean nothing in a bucket")
    }
    guard isBucketName(bucket) else { throw LocationError("\(text): \"\(bucket)\" is not the name of a bucket") }
    return S3Location(
        usesTLS: usesTLS,
        host: host.lowercased(),
        port: port,
        bucket: bucket,
        prefix: path.dropFirst().joined(separator: "/")
    )
}

/// Letters, digits, `.`, `_` and `-`, 3 to 255: today's rule and that for buckets of old (Amazon S3 user guide).
private func isBucketName(_ name: String) -> Bool {
    (3...255).contains(name.utf8.count)
        && name.utf8.allSatisfy { byte in
            isLetter(byte) || isLetter(byte | 0x20) || (0x30...0x39).contains(byte) || "._-".utf8.contains(byte)
        }
}

private func account(
    _ text: Substring,
    _ whole: String
) throws(LocationError) -> (user: Substring?, authority: Substring) {
    guard let at = text.lastIndex(of: "@") else { return (nil, text) }
    let user = text[..<at]
    guard !user.contains(":") else {
        throw LocationError(
            "\(hidden(whole)): a password does not belong into the location; ssh asks for it, or use a key"
        )
    }
    return (user, text[text.index(after: at)...])
}

/// The location up to its scheme: what follows holds a password.
private func hidden(_ text: String) -> String { text.prefix { $0 != ":" } + ":…" }

private func hostAndPort(
    _ text: Substring,
    _ whole: String
) throws(LocationError) -> (host: String, port: UInt16?) {
    var host = text
    var rest = text[text.endIndex...]
    if text.hasPrefix("[") {
        guard let close = text.firstIndex(of: "]") else { throw LocationError("\(whole): the bracket is not closed") }
        host = text[text.index(after: text.startIndex)..<close]
        rest = text[text.index(after: close)...]
    } else if let colon = text.lastIndex(of: ":") {
        host = text[..<colon]
        rest = text[colon...]
        guard !host.contains(":") else {
            throw LocationError("\(whole): write an address of colons in brackets, as in [::1]")
        }
    }
    let isPlain = host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"/\\?#%\"'`$[]".utf8.contains($0) }
    guard !host.isEmpty, isPlain else { throw LocationError("\(whole): the name of the host is missing or not valid") }
    if rest.isEmpty { return (String(host), nil) }
    guard rest.hasPrefix(":"), rest.dropFirst().utf8.allSatisfy({ (0x30...0x39).contains($0) }),
        let port = UInt16(rest.dropFirst()), port > 0
    else { throw LocationError("\(whole): the port must be a number from 1 to 65535") }
    return (String(host), port)
}

/// Resolves `%20` and its like (RFC 3986 §2.1).
private func percentDecoded(_ text: Substring, _ whole: String) throws(LocationError) -> String {
    guard text.contains("%") else { return String(text) }
    var bytes: [UInt8] = []
    var source = text.utf8.makeIterator()
    while let byte = source.next() {
        guard byte == UInt8(ascii: "%") else {
            bytes.append(byte)
            continue
        }
        let digits = [source.next(), source.next()].compactMap(\.self)
        guard digits.count == 2, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16), value != 0
        else {
            throw LocationError("\(whole): \"%\" must be followed by two hexadecimal digits; write %25 for itself")
        }
        bytes.append(value)
    }
    return String(decoding: bytes, as: UTF8.self)
}
