import Cryptography
import Records
import Repository
import Snapshots

extension Snapshot {
    /// The snapshot as a JSON line; names as restic has them, where the meaning is the same.
    var record: JSONValue {
        var record: JSONValue = [
            "message_type": "snapshot", "id": .string(id.hex), "short_id": .string(shortID),
            "time": .string(Moment.rfc3339(details.time)), "hostname": .string(details.host),
            "username": .string(details.user), "dataset": .string(details.dataset),
            "paths": .array(details.paths.map(JSONValue.path)), "tags": .array(details.tags.map { .string($0) }),
            "excludes": .array(details.excludes.map(JSONValue.path)), "program_version": .string(details.program),
            "is_incomplete": .boolean(details.isIncomplete), "member": .string(commit.signer.hex),
            "number": .unsigned(commit.number), "committed": .string(Moment.rfc3339(commit.time)),
        ]
        if details.paths.contains(where: { String(validating: $0, as: UTF8.self) == nil }) {
            record.add("paths_base64", .array(details.paths.map { .string(base64($0)) }))
        }
        record.add("tree", .string(commit.root.chunk.hex))
        record.add("parent", details.parent.map { .string($0.hex) })
        record.add("replaces", commit.replaced.map { .string($0.hex) })
        record.add("original", details.original.map { .string($0.hex) })
        record.add("note", details.note.isEmpty ? nil : .string(details.note))
        let statistics = details.statistics
        record.add(
            "summary",
            [
                "files_new": .unsigned(statistics.filesNew), "files_changed": .unsigned(statistics.filesChanged),
                "files_unmodified": .unsigned(statistics.filesUnmodified), "dirs": .unsigned(statistics.directories),
                "bytes_read": .unsigned(statistics.bytesRead), "data_added": .unsigned(statistics.bytesAdded),
                "data_added_packed": .unsigned(statistics.bytesStored), "errors": .unsigned(statistics.failures),
                "total_entries": .unsigned(statistics.entries),
                "total_files_processed": .unsigned(
                    statistics.filesNew + statistics.filesChanged + statistics.filesUnmodified
                ),
                "total_bytes_processed": .unsigned(statistics.contentBytes),
                "total_duration": .number(Double(statistics.milliseconds) / 1000),
            ]
        )
        return record
    }
}
