import FileSystem

/// A directory that a walk is in.
struct WalkFrame {
    var path: [UInt8]
    var names: NameList
    var next = 0
    /// Set while only given children are visited: the directory lies above a root.
    var nodes: [RootTree.Node]?
    var surroundings = WalkSurroundings()
    /// Ignore files read in this directory.
    var rules: Int
    /// What the files in it are compared with.
    var previous: (any PreviousEntries)?
}

/// What a directory hands down to what is in it.
struct WalkSurroundings {
    /// The device of the root that is walked.
    var rootDevice: UInt64 = 0
    /// Whether files may have content though their size is zero.
    var hidesSizes = false
}
