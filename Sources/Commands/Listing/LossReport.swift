import Cryptography
import Records
import Snapshots

/// Says which entries of a snapshot are lost, each page once, however often the snapshot is walked.
final class LossReport {
    private let output: Output
    private var pages: Set<ChunkID> = []

    /// Nothing is lost yet.
    init(_ output: Output) { self.output = output }

    /// Whether nothing was found lost.
    var isEmpty: Bool { pages.isEmpty }

    /// Notes what is lost.
    func note(_ lost: LostEntries) {
        if pages.insert(lost.page).inserted { output.entriesLost(lost) }
    }
}

extension Output {
    /// Says that entries of a snapshot are lost, though the work goes on.
    func entriesLost(_ lost: LostEntries) {
        guard isJSON else { return problem("\(lost)") }
        var place: JSONValue = ["page": .string(lost.page.hex)]
        place.add("first", lost.firstPath.map { .path(absolute($0)) })
        place.add("next", lost.nextPath.map { .path(absolute($0)) })
        place.add("entries", lost.entries.map { .unsigned($0) })
        place.add("bytes", lost.contentBytes.map { .unsigned($0) })
        problem("\(lost)", [("lost", place)])
    }
}
