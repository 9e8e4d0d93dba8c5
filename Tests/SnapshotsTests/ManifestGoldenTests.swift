import Cryptography
import Records
import Repository
import Snapshots
import TestSupport
import Testing

/// Pages that a program in another language made from the description of the format alone.
@Suite("Golden manifest pages")
struct ManifestGoldenTests: ManifestTesting {
    private func repeated(_ byte: UInt8) -> Digest { Digest([UInt8](repeating: byte, count: 32)) ?? .zero }

    /// One entry of nearly every form: owner names, negative time, holes, attributes here and elsewhere, a device, a tree.
    private var entries: [Entry] {
        var top = directory("dir")
        top.permissions = 0o755
        top.userName = "root"
        top.groupName = "root"
        top.modifiedSeconds = -1
        top.modifiedNanoseconds = 5

        var plain = Entry(path: path("dir/file"), kind: .regular)
        plain.permissions = 0o644
        plain.userName = "ada"
        plain.userID = 1000
        plain.groupName = "users"
        plain.groupID = 100
        plain.modifiedSeconds = 1_700_000_000
        plain.modifiedNanoseconds = 123_456_789
        plain.size = 300
        plain.contentHash = repeated(1)
        plain.content = .inline([.chunk(repeated(2), offset: 7, length: 300)])
        plain.hardLinkGroup = 3
        plain.attributes = .inline([ExtendedAttribute(name: path("user.a"), value: path("xy"))])
        plain.flags = .changedWhileRead

        var link = Entry(path: path("dir/link"), kind: .symbolicLink)
        link.permissions = 0o777
        link.linkTarget = path("../x")

        var sparse = Entry(path: path("dir/sparse"), kind: .regular)
        sparse.size = 5000
        sparse.content = .inline([.hole(length: 4096), .chunk(repeated(3), offset: 0, length: 904)])
        sparse.sparseHash = repeated(6)
        sparse.attributes = .stored(
            hash: repeated(4),
            extents: [.chunk(repeated(5), offset: 0, length: 20_000)],
            byteCount: 20_000
        )

        var device = Entry(path: path("null"), kind: .characterDevice)
        device.permissions = 0o666
        device.deviceMajor = 1
        device.deviceMinor = 3

        var large = Entry(path: path("tree"), kind: .regular)
        large.size = 1_000_000
        large.contentHash = repeated(7)
        large.content = .tree(root: repeated(8), level: 2)
        return [top, plain, link, sparse, device, large]
    }

    @Test func aLeafHasTheseBytes() throws {
        let pages = ManifestPages()
        let root = try build(entries, into: pages)
        let expected =
            "010007000364697201160102ed030204726f6f740404726f6f7407010109010503052f66696c650381010102a4030203"
            + "6164610302e80704057573657273050164070580c49fd50c0904959aef3a0b02ac020d20010101010101010101010101"
            + "01010101010101010101010101010101010101010f240102020202020202020202020202020202020202020202020202"
            + "0202020202020207ac021901031b0906757365722e6178791e010204046c696e6b040a0102ff0313042e2e2f78040673"
            + "7061727365039f010b0288270f2700802001030303030303030303030303030303030303030303030303030303030303"
            + "03030088071d4e0120040404040404040404040404040404040404040404040404040404040404040403250105050505"
            + "0505050505050505050505050505050505050505050505050505050500a09c010503a09c012b20060606060606060606"
            + "0606060606060606060606060606060606060606060606030002291f01032102b4292320a1f0f482600c1b5e0e1dc768"
            + "8fa38824b8e0b4d38fac63415bfa3352ac9f15ad00046e756c6c070a0102b603150101170103000474726565034e0b03"
            + "c0843d0d2007070707070707070707070707070707070707070707070707070707070707071125012008080808080808"
            + "08080808080808080808080808080808080808080808080808030102"
        let page = try #require(pages.bytes(root.id))
        let hex = unsafe Hex.encode(page.span.bytes)
        #expect(hex == expected)
        #expect(root.digest.hex == "205a44a10d1b9560370bd7d726f41598340013c012e8d1dc82d79f2fa66780d0")
        #expect(root.level == 0)
    }

    @Test func anInnerPageHasTheseBytes() throws {
        let pages = ManifestPages()
        let entries = (0..<400).map { number in
            let digits = String(number)
            return Entry(path: path("n" + String(repeating: "0", count: 3 - digits.count) + digits), kind: .regular)
        }
        let root = try build(entries, into: pages)
        let expected =
            "01010200046e303030036087b37456e00afb75e87a18f99614099bffe63378630c82900969ead2280b6abc0100b6f868"
            + "9c28cd934e5cad936a24cb3bbd99a3cda563285ea7aebdd725a0a621b90001033138380322c87323976083bea0b71dcf"
            + "284614b496d5f40069fb50d1598ac85ad20bb347d40100bb168f61f66748aef44e042074b60233b22a30b4cf0bba26c5"
            + "079c2895432a2c00"
        let page = try #require(pages.bytes(root.id))
        let hex = unsafe Hex.encode(page.span.bytes)
        #expect(hex == expected)
        #expect(root.digest.hex == "725caeb913c1a09e3011fa6f0079de60f03120b2347c24489f4163affc3f9150")
        #expect(root.level == 1)
        #expect(pages.count == 3)
    }
}
