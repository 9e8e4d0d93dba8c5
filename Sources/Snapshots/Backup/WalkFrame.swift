import FileSystem

/// A directory that a walk is in.
struct WalkFrame {
    var path: [UInt8]
    var names: NameList
    var next = 0
    /// Set while only given children are visited: the directory lies above a root.
    var nodes: [RootTree.Node]?
    var device: UInt64
    /// Ignore files read in this directory.
    var rules: Int
    /// What the files in it are compared with.
    var previous: (any PreviousEntries)?
}
