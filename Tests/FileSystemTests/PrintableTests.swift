import FileSystem
import TestSupport
import Testing

struct PrintableTests {
    @Test(arguments: [
        ("plain name.txt", "plain name.txt"),
        ("zwölf Boxkämpfer 日本 🎉", "zwölf Boxkämpfer 日本 🎉"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\u{1B}[31mred", "\\x1b[31mred"),
        ("back\\slash", "back\\\\slash"),
        ("right\u{202E}left", "right\\xe2\\x80\\xaeleft"),
        ("c1\u{9B}31m", "c1\\xc2\\x9b31m"),
        ("zero\u{0}", "zero\\x00"),
        ("del\u{7F}", "del\\x7f"),
        ("", ""),
    ])
    func escapesWhatATerminalWouldObey(input: String, expected: String) {
        #expect(printable(Array(input.utf8)) == expected)
    }

    @Test(
        arguments: [
            ([0xFF, 0x41], "\\xffA"),
            ([0xC3], "\\xc3"),
            ([0xC0, 0x80], "\\xc0\\x80"),
            ([0xED, 0xA0, 0x80], "\\xed\\xa0\\x80"),
            ([0xF4, 0x90, 0x80, 0x80], "\\xf4\\x90\\x80\\x80"),
            ([0xE2, 0x82, 0x41], "\\xe2\\x82A"),
        ] as [([UInt8], String)]
    )
    func escapesInvalidText(input: [UInt8], expected: String) {
        #expect(printable(input) == expected)
    }

    @Test
    func differentBytesNeverLookTheSame() {
        var random = SeededGenerator(seed: 3)
        var seen: [String: [UInt8]] = [:]
        for _ in 0..<20_000 {
            let bytes = random.bytes(Int(random.next() % 4))
            let text = printable(bytes)
            #expect(seen[text] == nil || seen[text] == bytes)
            seen[text] = bytes
        }
    }

    @Test
    func errorsSayWhatFailedAndWhy() {
        let error = SystemError(errno: 28, operation: "write file", path: Array("a\nb".utf8))
        #expect("\(error)" == "cannot write file \"a\\nb\": no space left on the device (error 28)")
        #expect(error.isNoSpace)
        let located = error.located(in: Array("/srv".utf8))
        #expect(located.path == Array("/srv/a\nb".utf8))
        #expect("\(SystemError(errno: 1, operation: "x"))" == "cannot x: permission denied (error 1)")
        #expect("\(SystemError(errno: 110, operation: "x"))".contains("timed out"))
    }
}
