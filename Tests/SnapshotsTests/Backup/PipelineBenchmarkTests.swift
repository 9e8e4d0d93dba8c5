import Chunking
import Snapshots
import TestSupport
import Testing

/// The pipeline in memory.
@Suite struct PipelineBenchmarkTests {
    @Test(arguments: ["default", "off"])
    func everyFileIsProcessedOnce(compression: String) throws {
        let fixture = try BackupFixture()
        var random = SeededGenerator(seed: 71)
        let sizes = [0, 1, 5000, 262_144, 262_145, 3_000_000, 20_000_000]
        for (index, size) in sizes.enumerated() { try fixture.write("d\(index % 2)/f\(index)", random.bytes(size)) }
        var options = PipelineBenchmark.Options(paths: [Array(fixture.source.utf8)])
        options.compression = try CompressionSetting(parsing: compression)
        options.sliceByteCount = 4 << 20
        let result = try PipelineBenchmark(options).run()
        // An empty file has nothing to process.
        #expect(result.fileCount == sizes.count - 1)
        let total = sizes.reduce(0, +)
        #expect(result.byteCount == UInt64(total))
        // Random bytes do not shrink; what is added is below a fiftieth.
        #expect(result.storedByteCount > UInt64(total) && result.storedByteCount < UInt64(total + total / 50))
        #expect(result.seconds > 0 && result.processorSeconds > 0)
    }
}
