import ArgumentParser
import Chunking

/// How files are cut, as a user says it.
enum ChunkerSetting: ExpressibleByArgument, Sendable {
    case fast
    case prf
    case fixed(UInt64)

    init?(argument: String) {
        switch argument {
        case "fast": self = .fast
        case "prf": self = .prf
        default:
            guard argument.hasPrefix("fixed:"), let size = ByteSize(argument: String(argument.dropFirst(6))) else {
                return nil
            }
            self = .fixed(size.count)
        }
    }

    var defaultValueDescription: String { "fast" }

    /// The parameters: for `prf` the same sizes as for `fast`.
    ///
    /// - Throws: `UsageError` for a size that chunks cannot have.
    func parameters() throws -> ChunkerParameters {
        let files = ChunkerParameters.files
        do {
            switch self {
            case .fast: return files
            case .prf:
                return try ChunkerParameters(
                    kind: .prf,
                    minimum: files.minimum,
                    average: files.average,
                    maximum: files.maximum
                )
            case .fixed(let size):
                let size = Int(clamping: size)
                return try ChunkerParameters(kind: .fixed, minimum: size, average: size, maximum: size)
            }
        } catch {
            throw UsageError("\(error)")
        }
    }
}
