import FileSystem

extension WalkSelection {
    /// If the directory is marked to be left out: a list of the marker alone.
    func marker(among names: NameList, in directory: Directory) -> NameList? {
        var wanted = markerFiles
        if excludesCaches {
            wanted.append((Array("CACHEDIR.TAG".utf8), Array("Signature: 8a477f597d28d172789f06886806bc55".utf8)))
        }
        for marker in wanted where names.index(of: marker.name) != nil {
            if let header = marker.header {
                guard let file = try? directory.openFile(marker.name, for: .reading),
                    let start = try? file.readToEnd(limit: 1 << 16), start.starts(with: header)
                else { continue }
            }
            return NameList(single: marker.name)
        }
        return nil
    }
}
