import Chunking
import Testing

struct ChunkerParametersTests {
    @Test
    func theNamedParametersKeepTheRules() throws {
        let files = try ChunkerParameters(kind: .fast, minimum: 512 << 10, average: 1 << 20, maximum: 4 << 20)
        let databases = try ChunkerParameters(kind: .fast, minimum: 16 << 10, average: 32 << 10, maximum: 128 << 10)
        #expect(ChunkerParameters.files == files)
        #expect(ChunkerParameters.databases == databases)
    }

    @Test(arguments: [
        (ChunkerParameters.Kind.fast, 64, 128, 129),
        (.prf, (4 << 20) - 1, 4 << 20, 8 << 20),
        (.prf, 64, 1 << 20, 8 << 20),
        (.fixed, 512, 512, 512),
        (.fixed, 8 << 20, 8 << 20, 8 << 20),
        (.fixed, 1536, 1536, 1536),
    ])
    func acceptsTheEdges(kind: ChunkerParameters.Kind, minimum: Int, average: Int, maximum: Int) throws {
        let parameters = try ChunkerParameters(kind: kind, minimum: minimum, average: average, maximum: maximum)
        #expect(parameters.minimum == minimum && parameters.average == average && parameters.maximum == maximum)
    }

    @Test(arguments: [
        (ChunkerParameters.Kind.fast, 63, 128, 256),
        (.fast, 128, 128, 256),
        (.fast, 64, 128, 128),
        (.fast, 64, 192, 256),
        (.prf, 64, 128, (8 << 20) + 1),
        (.prf, -64, 128, 256),
        (.fixed, 0, 0, 0),
        (.fixed, 511, 511, 511),
        (.fixed, 512, 512, 1024),
        (.fixed, (8 << 20) + 512, (8 << 20) + 512, (8 << 20) + 512),
        (.fast, .min, .min, .min),
        (.fixed, .max, .max, .max),
    ])
    func refusesTheRest(kind: ChunkerParameters.Kind, minimum: Int, average: Int, maximum: Int) {
        #expect {
            try ChunkerParameters(kind: kind, minimum: minimum, average: average, maximum: maximum)
        } throws: {
            ($0 as? ChunkingError)?.code == .invalidParameters
        }
    }
}
