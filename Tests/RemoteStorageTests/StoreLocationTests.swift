import TestSupport
import Testing

@testable import RemoteStorage

struct StoreLocationTests {
    @Test(arguments: [
        ("/srv/repository", "/srv/repository"), ("relative", "relative"), ("./s3:bucket", "./s3:bucket"),
        ("local:s3:x", "s3:x"), ("dir/with:colon", "dir/with:colon"), ("Up:x", "Up:x"), ("2024:01", "2024:01"),
        ("a b:c", "a b:c"),
    ])
    func paths(text: String, path: String) throws {
        #expect(try StoreLocation(parsing: text) == .directory(path))
    }

    @Test(arguments: [
        ("sftp:user@host:/srv/repo", SFTPLocation(user: "user", host: "host", port: nil, path: "/srv/repo")),
        ("sftp:host:relative/repo", SFTPLocation(user: nil, host: "host", port: nil, path: "relative/repo")),
        ("sftp:user@dom@host:repo", SFTPLocation(user: "user@dom", host: "host", port: nil, path: "repo")),
        ("sftp:user@[fe80::1]:/repo", SFTPLocation(user: "user", host: "fe80::1", port: nil, path: "/repo")),
        ("sftp:host:/a:b/", SFTPLocation(user: nil, host: "host", port: nil, path: "/a:b")),
        ("sftp:host:/", SFTPLocation(user: nil, host: "host", port: nil, path: "/")),
        ("sftp://user@host//srv/repo", SFTPLocation(user: "user", host: "host", port: nil, path: "/srv/repo")),
        ("sftp://host/repo", SFTPLocation(user: nil, host: "host", port: nil, path: "repo")),
        ("sftp://u@[::1]:2222//srv/a%20b", SFTPLocation(user: "u", host: "::1", port: 2222, path: "/srv/a b")),
        ("sftp://host:22//x%2525", SFTPLocation(user: nil, host: "host", port: 22, path: "/x%25")),
    ])
    func sftp(text: String, location: SFTPLocation) throws {
        let parsed = try StoreLocation(parsing: text)
        #expect(parsed == .sftp(location))
    }

    @Test(arguments: [
        (
            "s3:s3.amazonaws.com/backups",
            S3Location(usesTLS: true, host: "s3.amazonaws.com", port: nil, bucket: "backups", prefix: "")
        ),
        (
            "s3:http://localhost:9000/restic/a/b/",
            S3Location(usesTLS: false, host: "localhost", port: 9000, bucket: "restic", prefix: "a/b")
        ),
        (
            "s3:https://[::1]:9000/bucket//x",
            S3Location(usesTLS: true, host: "::1", port: 9000, bucket: "bucket", prefix: "x")
        ),
        (
            "s3://Server.example/bucket_name",
            S3Location(usesTLS: true, host: "server.example", port: nil, bucket: "bucket_name", prefix: "")
        ),
    ])
    func s3(text: String, location: S3Location) throws {
        #expect(try StoreLocation(parsing: text) == .s3(location))
        #expect(try StoreLocation(parsing: location.description) == .s3(location), "its own description is another")
    }

    @Test(arguments: ["cloud:", "cloud:backup/host", ":local:/srv/x", "cloud,opt=1:x"])
    func rclone(remote: String) throws {
        #expect(try StoreLocation(parsing: "rclone:" + remote) == .rclone(remote))
    }

    /// What is refused, and a word that the message must have for the user to go on.
    @Test(arguments: [
        ("", "empty"), ("local:", "directory"), ("sftp:", "USER@HOST"), ("sftp:host", "USER@HOST"),
        ("sftp:host:", "directory"), ("sftp://host", "directory"), ("sftp://host/", "directory"),
        ("sftp:-oProxyCommand=x:/p", "begin"), ("sftp:-l@host:/p", "begin"), ("sftp://-o@host//p", "begin"),
        ("sftp:@host:/p", "empty"), ("sftp:host:~/x", "home"), ("sftp://host:0//x", "port"),
        ("sftp://host:65536//x", "port"), ("sftp://host:22x//x", "port"), ("sftp://user:secret@host//x", "password"),
        ("sftp://a:b:c//x", "brackets"), ("sftp://[::1//x", "bracket"), ("sftp://host//a%zz", "%25"),
        ("sftp://ho st//x", "host"), ("sftp://host/%00", "%25"), ("rclone:", "REMOTE"), ("rclone:cloud", "REMOTE"),
        ("rclone:-v:x", "REMOTE"), ("s3:bucket", "BUCKET"), ("s3:host/", "BUCKET"), ("s3:host/ab", "bucket"),
        ("s3:host/b%cket", "bucket"), ("s3:http:///bucket", "host"), ("s3:key:secret@host/bucket", "AWS_"),
        ("s3:host/bucket/../x", "bucket"), ("s3:[[a]/bucket", "host"), ("https://host/name", "servers"),
        ("rest:http://host", "restic"),
        ("b2:bucket:x", "rclone"), ("stfp:user@host:/x", "local:stfp"), ("azure:c:/", "rclone"),
    ])
    func refusals(text: String, word: String) {
        do {
            let parsed = try StoreLocation(parsing: text)
            Issue.record("\(text) is taken for \(parsed)")
        } catch {
            #expect(error.description.contains(word), "\(error)")
            #expect(!error.description.contains("secret"), "a password is repeated: \(error)")
        }
    }

    /// No text ends the program, and what is read is read again from its own description.
    @Test
    func arbitraryTexts() {
        var random = SeededGenerator(seed: 21)
        let pieces = [
            "sftp:", "//", "s3:", "http://", "rclone:", "host", "@", ":", "/", "[", "]", "::1", "%", "2f", "22", "-",
            "~", "bucket", "..", "ä",
        ]
        for _ in 0..<20_000 {
            let text = (0..<Int(random.next() % 9)).map { _ in pieces[Int(random.next() % UInt64(pieces.count))] }
                .joined()
            guard let location = try? StoreLocation(parsing: text) else { continue }
            if case .sftp(let sftp) = location {
                #expect(!sftp.host.isEmpty && !sftp.host.hasPrefix("-") && !sftp.path.isEmpty)
            }
            if case .s3(let s3) = location {
                #expect((try? StoreLocation(parsing: s3.description)) == location, "\(text)")
            }
        }
    }

    @Test(arguments: [
        ("ssh -p 22 host", ["ssh", "-p", "22", "host"]),
        ("  a  'b c' \"d \\\" e\" f\\ g '' ", ["a", "b c", "d \" e", "f g", ""]),
        ("", []), ("a'b'\"c\"", ["abc"]),
    ])
    func words(text: String, words: [String]) throws {
        #expect(try ShellWords.split(text) == words)
    }

    @Test
    func aQuoteMustBeClosed() {
        #expect(throws: LocationError.self) { try ShellWords.split("a 'b") }
    }
}
