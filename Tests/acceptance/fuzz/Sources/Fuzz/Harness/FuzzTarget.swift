/// A parser, or several, to which arbitrary bytes are given.
protocol FuzzTarget: AnyObject {
    /// The name on the command line.
    static var name: String { get }
    /// The source files whose lines the target is to reach, relative to `Sources`.
    static var parsers: [String] { get }
    /// Options of libFuzzer that differ from the usual ones.
    static var options: [String] { get }

    /// How an input is built.
    static func shape(of input: [UInt8]) -> InputShape

    /// Prepares what all inputs share.
    init() throws
    /// Takes one input. Throws a `Finding` if a property is broken; what is refused properly is no error.
    func run(_ input: [UInt8]) throws
    /// Valid inputs to start from, made by the program's own encoders.
    func seeds() throws -> [[UInt8]]
}

extension FuzzTarget {
    static var options: [String] { [] }
    static func shape(of input: [UInt8]) -> InputShape { .bytes }
}

/// All targets.
enum FuzzTargets {
    static var all: [any FuzzTarget.Type] {
        [
            FieldsTarget.self, RecordsTarget.self, NamesTarget.self, SlotTarget.self, KeyringTarget.self,
            KeyTextTarget.self,
            DirectoryTarget.self, PackTarget.self, ManifestTarget.self, ExtentsTarget.self, EntryTarget.self,
            DetailsTarget.self, DecompressTarget.self, StateTarget.self, FileCacheTarget.self, TableTarget.self,
            PatternsTarget.self, OptionsTarget.self, HistoryTarget.self, RestoreTarget.self, RemoteTarget.self,
            ParityTarget.self,
        ]
    }

    /// The target of a name.
    static func named(_ name: String) -> (any FuzzTarget.Type)? { all.first { $0.name == name } }
}
