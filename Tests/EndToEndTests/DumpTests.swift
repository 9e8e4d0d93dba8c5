import Foundation
import Testing

/// Archives and files that dump writes, read by other programs.
@Suite struct DumpTests {
    private func scenario() throws -> Scenario {
        let scenario = try Scenario.withKeyFile()
        let made = try scenario.shell(
            """
            mkdir -p data/sub data/empty data/ünï; seq 300000 > data/long; seq 20 > data/sub/short; : > data/none
            head -c 2000000 /dev/urandom > data/random; truncate -s 3M data/holes; echo end >> data/holes
            printf x > data/ünï/ä; ln -s sub/short data/link; ln data/none data/other
            chmod 751 data/sub/short; chmod 700 data/empty; touch -d @1700000001 data/sub/short; touch -d @5 data/none
            """
        )
        #expect(made.status == 0, "\(made.complaint)")
        try scenario.succeed("backup", "-q", "data")
        return scenario
    }

    @Test func aZipArchiveIsWhatWasSaved() throws {
        let scenario = try scenario()
        let root = "latest:" + scenario.path("data")
        try scenario.succeed("dump", root, "--archive", "zip", "--target", "out.zip")
        let tested = try scenario.shell("unzip -t out.zip && mkdir u && cd u && unzip -q ../out.zip")
        #expect(tested.status == 0, "\(tested.text)\(tested.complaint)")
        #expect(try scenario.shell("diff -r --no-dereference data u").text.isEmpty)
        let modes = "stat -c '%a %Y' u/sub/short u/empty | sed 's/ .*[^1]$//'"
        #expect(try scenario.shell(modes).text.hasPrefix("751 1700000001\n"))
        let listed = try scenario.shell(
            """
            python3 -c '
            import zipfile
            archive = zipfile.ZipFile("out.zip")
            assert archive.testzip() is None
            for item in archive.infolist():
                print(item.filename, oct(item.external_attr >> 16), item.file_size)
                assert item.compress_size <= item.file_size + item.file_size // 1000 + 16
                content = archive.read(item)
                assert len(content) == item.file_size
            '
            """
        )
        #expect(listed.status == 0, "\(listed.complaint)")
        #expect(listed.text.contains("link 0o120777 9\n"))
        #expect(listed.text.contains("ünï/ä 0o100644 1\n"))
        #expect(listed.text.contains("empty/ 0o40700 0\n"))
        // The same bytes come out of standard output, which cannot be wound back.
        #expect(try scenario.shell("$HOLDFAST dump \(root) -a zip | cmp - out.zip").status == 0)
    }

    @Test func whatZipCannotHoldIsReported() throws {
        let scenario = try Scenario.withKeyFile()
        #expect(try scenario.shell("mkdir data; mkfifo data/pipe; echo x > data/file").status == 0)
        try scenario.succeed("backup", "-q", "data")
        let outcome = try scenario.run("dump", "latest", "--archive", "zip", "--target", "out.zip")
        #expect(outcome.status == 3)
        #expect(outcome.complaint.contains("data/pipe"))
        #expect(try scenario.shell("unzip -t out.zip").status == 0)
    }

    @Test func manyEntriesMakeALongArchive() throws {
        let scenario = try Scenario.withKeyFile()
        #expect(try scenario.shell("mkdir data; cd data; seq 65600 | xargs touch").status == 0)
        try scenario.succeed("backup", "-q", "data")
        let root = "latest:" + scenario.path("data")
        try scenario.succeed("dump", root, "-a", "zip", "-t", "out.zip")
        let counted = "import zipfile; print(len(zipfile.ZipFile(\"out.zip\").infolist()))"
        #expect(try scenario.shell("python3 -c '\(counted)'").text == "65600\n")
    }

    @Test func targetsAreReplacedWhenTheyAreWhole() throws {
        let scenario = try scenario()
        let root = "latest:" + scenario.path("data")
        try scenario.write("out", "before")
        #expect(try scenario.shell("ln -s out by-link").status == 0)
        #expect(try scenario.run("dump", root, "nothing", "-t", "out").status == 1)
        #expect(try scenario.read("out") == "before")
        try scenario.succeed("dump", root, "long", "-t", "by-link", "-q")
        #expect(try scenario.shell("cmp out data/long; readlink by-link; ls -A | grep holdfast-").text == "out\n")
        let summary = try scenario.succeed("dump", root, "-t", "out.tar", "--json").summary()
        let size = try scenario.read("out.tar").utf8.count
        #expect((summary["bytes"] as? Int ?? 0) > 0 && size > 0)
        #expect(try scenario.shell("mkdir t; tar -xf out.tar -C t && diff -r --no-dereference data t").status == 0)
        #expect(try scenario.run("dump", root, "-t", "data").status == 64)
        #expect(try scenario.run("dump", root, "-t", "no/such/out").status == 1)
        #expect(try scenario.shell("$HOLDFAST dump \(root) long -t /dev/stdout -q | cmp - data/long").status == 0)
    }
}
