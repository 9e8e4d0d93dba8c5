import Foundation
import Testing

/// What a store can put in the place of an object: nothing waits, nothing grows, nothing else is read.
@Suite struct HostileStoreTests {
    /// What stands where an object stood.
    enum Replacement: String, CaseIterable, Sendable {
        case endless = "truncate -s 4T \"$OBJECT\""
        case longer = "truncate -s 700M \"$OBJECT\""
        case empty = ": > \"$OBJECT\""
        case pipe = "rm \"$OBJECT\"; mkfifo \"$OBJECT\""
        case endlessDevice = "ln -sf /dev/zero \"$OBJECT\""
        case secretOfTheReader = "ln -sf \"$HOME/secret\" \"$OBJECT\""
        case directory = "rm \"$OBJECT\"; mkdir \"$OBJECT\""
    }

    static let folders = ["format", "policy", "keys", "packs", "index", "packlists", "commits", "leases"]

    @Test("row 18, local: a store that answers with something else or without end", arguments: folders)
    func row18(folder: String) throws {
        let scenario = try Scenario.withKeyFile()
        try scenario.write("home/secret", "of the reader")
        try scenario.write("data/file", String(repeating: "customer\n", count: 1000))
        try scenario.succeed("backup", "data")
        _ = try scenario.shell("cp -a repository sound")
        for replacement in Replacement.allCases {
            let result = try scenario.shell(
                """
                set -e
                rm -rf repository restored home/.cache; cp -a sound repository
                find repository/\(folder) -type f > objects
                test -s objects
                while read -r OBJECT; do \(replacement.rawValue); done < objects
                # Two GiB of address space; every answer must come by itself.
                ulimit -v 2097152
                set +e
                "$HOLDFAST" check --read-data > check.out 2>&1; echo "check $?"
                "$HOLDFAST" restore latest --target restored > restore.out 2>&1; echo "restore $?"
                grep -l 'of the reader' check.out restore.out
                true
                """
            )
            let what = "\(folder), \(replacement)"
            let lines = result.text.split(separator: "\n")
            try #require(lines.count == 2, "\(what): \(result.text) \(result.complaint)")
            let said = try scenario.read("check.out") + scenario.read("restore.out")
            let check = try #require(Int32(lines[0].dropFirst(6)), "\(what)")
            let restore = try #require(Int32(lines[1].dropFirst(8)), "\(what)")
            // A fragment or a lease that is gone is nothing wrong.
            if replacement != .directory || !["index", "leases"].contains(folder) {
                #expect(check != 0, "\(what): a check notices nothing")
            }
            if ["index", "leases", "packlists"].contains(folder) {
                #expect(restore == 0, "\(what): it keeps people from restoring: \(said)")
            }
            #expect(check < 128 && restore < 128, "\(what): a crash: \(said)")
            let restored = scenario.path("restored" + scenario.path("data/file"))
            if restore == 0 || FileManager.default.fileExists(atPath: restored) {
                #expect(
                    try String(contentsOfFile: restored, encoding: .utf8)
                        == String(contentsOfFile: scenario.path("data/file"), encoding: .utf8),
                    "\(what): something else was restored"
                )
            }
        }
    }
}
