import Repository
import TestSupport
import Testing

/// The made-up index, which is also a look-up test of its own: every answer is checked.
@Suite struct IndexBenchmarkTests {
    @Test(arguments: [(1, 1), (40, 7), (5000, 5000), (50_000, 1500)])
    func everyAnswerIsRight(chunks: Int, batch: Int) throws {
        let place = try TemporaryDirectory()
        let benchmark = IndexBenchmark(directory: place.directory, chunkCount: chunks, batchCount: batch, seed: 9)
        let result = try benchmark.run(lookupCount: 20_000, threadCount: 2)
        #expect(result.chunkCount == chunks)
        #expect(result.tableCount <= 7)
        #expect(result.wrongAnswerCount == 0)
        #expect(result.lookupCount == 20_000)
    }
}
