import FileSystem

/// Ignore files met on the way down: their patterns count from their directory on.
struct IgnoreRules {
    private let fileNames: [[UInt8]]
    private var lists: [PatternList] = []

    /// Largest ignore file that is read, bytes.
    private static let largest = 1 << 20

    init(fileNames: [String]) { self.fileNames = fileNames.map { Array($0.utf8) } }

    /// How many lists are in force, to return to on leaving a directory.
    var mark: Int { lists.count }

    /// Forgets the lists of directories that have been left.
    mutating func reset(to mark: Int) { lists.removeLast(lists.count - mark) }

    /// Reads the ignore files of a directory.
    mutating func read(in directory: Directory, path: [UInt8], names: NameList) throws {
        for name in fileNames where names.index(of: name) != nil {
            let bytes = try directory.readFile(name, limit: IgnoreRules.largest)
            lists.append(PatternList(parsing: bytes, base: path))
        }
    }

    /// Whether the innermost list that says anything says to leave the path out.
    func excludes(_ path: [UInt8], isDirectory: Bool) -> Bool {
        for list in lists.reversed() {
            switch list.decision(for: path, isDirectory: isDirectory) {
            case .excluded: return true
            case .included: return false
            case .undecided: continue
            }
        }
        return false
    }
}
