import ArgumentParser
import Snapshots

/// The options that narrow down which snapshots are meant.
struct SnapshotFilterOptions: ParsableArguments {
    @Option(name: [.customShort("H"), .long], help: "Only snapshots of this host; may be given several times.")
    var host: [String] = []

    @Option(help: "Only snapshots of this dataset; may be given several times.")
    var dataset: [String] = []

    @Option(help: "Only snapshots that have all of these tags, joined by commas; may be given several times.")
    var tag: [String] = []

    @Option(help: "Only snapshots of this path; given several times, only those of all of them.")
    var path: [String] = []

    /// The filter that the options describe.
    func filter() throws -> SnapshotList.Filter {
        var filter = SnapshotList.Filter()
        filter.hosts = host
        filter.datasets = dataset
        filter.tags = tag.map { $0.split(separator: ",").map(String.init) }
        filter.paths = try path.map { try absolutePath(RawArguments.bytes(of: $0)) }
        return filter
    }
}
