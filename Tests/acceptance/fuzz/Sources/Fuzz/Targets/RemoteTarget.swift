import RemoteStorage

/// What servers answer, and what people type to name them.
final class RemoteTarget: FuzzTarget {
    static let name = "remote"
    static let parsers = [
        "RemoteStorage/Location/StoreLocation+Parsing.swift", "RemoteStorage/Location/ShellWords.swift",
        "RemoteStorage/SFTP/SFTPReply.swift", "RemoteStorage/SFTP/SFTPAttributes.swift",
        "RemoteStorage/SFTP/SFTPFields.swift",
    ]
    static let options = ["-max_len=2048"]

    func run(_ input: [UInt8]) throws {
        let rest = Array(input.dropFirst())
        switch (input.first ?? 0) % 3 {
        case 0:
            guard let (_, reply) = try attempt({ try SFTPReply.decode(rest) }) else { return }
            if case .names(let names) = reply {
                try require(names.count <= rest.count / 12, "more names than the packet can hold")
            }
            if case .data(let data) = reply { try require(data.count <= rest.count, "more data than the packet") }
        case 1:
            try location(String(decoding: rest, as: UTF8.self))
        default:
            let text = String(decoding: rest, as: UTF8.self)
            guard let words = try attempt({ try ShellWords.split(text) }) else { return }
            try require(words.joined().utf8.count <= text.utf8.count, "words out of nothing")
        }
    }

    private func location(_ text: String) throws {
        guard let location = try attempt({ try StoreLocation(parsing: text) }) else { return }
        switch location {
        case .sftp(let place):
            try require(!place.host.isEmpty && !place.host.hasPrefix("-"), "\(text): ssh takes the host for an option")
            try require(place.user?.hasPrefix("-") != true, "\(text): ssh takes the user for an option")
            let program = try SFTPProgram.ssh(place)
            try require(program.arguments.suffix(3) == ["--", place.host, "sftp"], "\(text): other arguments")
        case .s3(let place):
            try require(!place.bucket.contains("/") && !place.prefix.hasPrefix("/"), "\(text): bucket or prefix")
            try require(try StoreLocation(parsing: place.description) == location, "\(text) is \(place) when written")
        case .rclone(let remote):
            try require(!remote.hasPrefix("-") && remote.contains(":"), "\(text): rclone takes it for an option")
        case .directory(let path):
            try require(!path.isEmpty, "\(text) is a directory without a name")
        }
    }

    func seeds() throws -> [[UInt8]] {
        let names: [UInt8] =
            [0, 104, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0x61, 0, 0, 0, 0, 0, 0, 0, 0x0F]
            + [UInt8](repeating: 0, count: 28)
        let replies: [[UInt8]] = [
            [0, 2, 0, 0, 0, 3, 0, 0, 0, 1, 0x61, 0, 0, 0, 1, 0x31],
            [0, 101, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 2, 0x6E, 0x6F, 0, 0, 0, 0],
            [0, 102, 0, 0, 0, 1, 0, 0, 0, 1, 7], [0, 103, 0, 0, 0, 1, 0, 0, 0, 2, 7, 8], names,
            [0, 105, 0, 0, 0, 1, 0x80, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0x81, 0x80, 0, 0, 0, 1]
                + [0, 0, 0, 1, 0x61, 0, 0, 0, 1, 0x62],
            [0, 201, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x10, 0],
        ]
        let locations = [
            "/srv/x", "local:x", "sftp:user@host:/srv", "sftp://user@[::1]:22//a%20b", "rclone:cloud:x", "rclone:-x:y",
            "s3:https://host:9000/bucket/prefix", "s3:host/bucket", "https://host/x", "b2:x", "stfp:x", "rest:x",
            "sftp:host:~", "sftp:-o:x", "sftp://a:b@c//d", "sftp:[::1]:x", "s3:a@b/ccc", "s3:http://h/a/../b",
        ]
        let words = ["ssh -p 22 'a b' \"c \\\" d\" e\\ f", "'"]
        return replies + locations.map { [1] + Array($0.utf8) } + words.map { [2] + Array($0.utf8) }
    }
}
