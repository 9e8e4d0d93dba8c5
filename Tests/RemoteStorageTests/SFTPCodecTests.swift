import TestSupport
import Testing

@testable import RemoteStorage

struct SFTPCodecTests {
    /// The bytes of requests as draft-ietf-secsh-filexfer-02 lays them down.
    @Test
    func requests() {
        let open = SFTPRequest.open(path: "/a", [.write, .create, .exclusive], permissions: 0o600).encoded(id: 7)
        #expect(
            open == [
                0, 0, 0, 23, 3, 0, 0, 0, 7, 0, 0, 0, 2, 0x2F, 0x61, 0, 0, 0, 0x2A, 0, 0, 0, 4, 0, 0, 1, 0x80,
            ]
        )
        let read = SFTPRequest.read(handle: [9], offset: 0x1_0000_0002, count: 3).encoded(id: 1)
        #expect(read == [0, 0, 0, 22, 5, 0, 0, 0, 1, 0, 0, 0, 1, 9, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3])
        let write = SFTPRequest.write(handle: [9], offset: 1, data: [1, 2, 3][1...]).encoded(id: 1)
        #expect(write == [0, 0, 0, 24, 6, 0, 0, 0, 1, 0, 0, 0, 1, 9, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 2, 3])
    }

    @Test
    func replies() throws {
        var status: [UInt8] = [101, 0, 0, 0, 5, 0, 0, 0, 2]
        #expect(try SFTPReply.decode(status).id == 5)
        guard case .status(let found) = try SFTPReply.decode(status).reply else {
            throw SFTPFormatError("another reply")
        }
        #expect(found.code == 2 && found.message.isEmpty)
        status += [0, 0, 0, 2, 0x6E, 0x6F, 0, 0, 0, 0]
        guard case .status(let found) = try SFTPReply.decode(status).reply else {
            throw SFTPFormatError("another reply")
        }
        #expect(found.message == "no")

        var names: [UInt8] = [104, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0x61, 0, 0, 0, 0, 0, 0, 0, 0x0D]
        names += [0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0x81, 0x80, 0, 0, 0, 1, 0, 0, 0, 2]
        guard case .names(let list) = try SFTPReply.decode(names).reply else { throw SFTPFormatError("another reply") }
        #expect(list.count == 1 && list[0].name == [0x61])
        #expect(list[0].attributes.size == 9 && list[0].attributes.isFile == true && list[0].attributes.modified == 2)
    }

    /// Each of these claims more than it holds, or is nothing that a server may say.
    @Test(
        arguments: [
            [], [101], [101, 0, 0, 0], [101, 0, 0, 0, 1],
            [102, 0, 0, 0, 1, 0, 0, 1, 1] + [UInt8](repeating: 0, count: 257),
            [103, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF], [104, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF],
            [104, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0], [105, 0, 0, 0, 1, 0, 0, 0, 1, 0],
            [105, 0, 0, 0, 1, 0x80, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF], [99, 0, 0, 0, 1], [2, 0, 0],
            [2, 0, 0, 0, 3, 0, 0, 0, 9, 1],
        ] as [[UInt8]]
    )
    func malformedReplies(packet: [UInt8]) {
        #expect(throws: SFTPFormatError.self) { try SFTPReply.decode(packet) }
    }

    @Test
    func everyPrefixOfAReplyIsRefusedOrRead() {
        var random = SeededGenerator(seed: 31)
        for _ in 0..<20_000 {
            var packet = random.bytes(Int(random.next() % 64))
            if !packet.isEmpty { packet[0] = [2, 101, 102, 103, 104, 105, 201][Int(random.next() % 7)] }
            // Small lengths, so that fields are found.
            for index in packet.indices.dropFirst() where random.next() % 2 == 0 { packet[index] = 0 }
            _ = try? SFTPReply.decode(packet)
        }
    }
}
