import Cryptography
import Records
import Testing

@testable import Repository

/// The sealed part of a commit has one encoding, and keeps what it does not know.
@Suite struct CommitDetailsTests {
    private var details: CommitDetails {
        var details = CommitDetails(dataset: "home", time: 7)
        details.statistics.filesNew = 3
        details.chunker = ChunkerRecord(kind: 1, minimum: 512, average: 1024, maximum: 4096)
        return details
    }

    /// The fields of `details` with one of them replaced.
    private func fields(replacing tag: UInt64, by value: [UInt8]) throws -> [UInt8] {
        var reader = FieldReader(details.encoded(), what: "test")
        var writer = FieldWriter()
        var isReplaced = false
        while let field = try reader.next() {
            if field.tag >= tag, !isReplaced {
                writer.raw(tag, value)
                isReplaced = true
            }
            if field.tag != tag { writer.raw(field.tag, Array(field.value)) }
        }
        return writer.bytes
    }

    @Test func keepsUnknownOptionalFieldsWithinFields() throws {
        let statistics: [UInt8] = [2, 1, 3, 24, 1, 9]
        let chunker: [UInt8] = [1, 1, 1, 3, 1, 64, 5, 2, 0x80, 1, 7, 2, 0x80, 2, 8, 1, 9]
        for encoded in [try fields(replacing: 14, by: statistics), try fields(replacing: 23, by: chunker)] {
            #expect(try CommitDetails(decoding: encoded).encoded() == encoded)
        }
    }

    @Test(
        "Values that should have been left out, or that this version does not know, are refused",
        arguments: [(14, []), (14, [13, 1, 1]), (19, [4]), (23, [9, 1, 1])] as [(UInt64, [UInt8])]
    )
    func refuses(tag: UInt64, value: [UInt8]) throws {
        let encoded = try fields(replacing: tag, by: value)
        #expect(throws: RecordError.self) { try CommitDetails(decoding: encoded) }
    }

    @Test func leavesEmptyStatisticsOut() throws {
        let encoded = CommitDetails(dataset: "home", time: 7).encoded()
        #expect(encoded == [1, 4] + Array("home".utf8) + [3, 1, 14])
        #expect(try CommitDetails(decoding: encoded).statistics == SnapshotStatistics())
    }
}
