import Glibc

/// Rows under headings, in columns as wide as their widest cell.
struct Table {
    /// The headings; one that begins with `>` stands for a column of numbers, set to the right.
    let headings: [String]
    /// The cells, which may have several lines each.
    private var rows: [[[String]]] = []

    /// An empty table.
    init(_ headings: [String]) { self.headings = headings }

    /// Adds a row; each cell is a list of lines.
    mutating func add(_ cells: [[String]]) { rows.append(cells) }

    /// Adds a row of single lines.
    mutating func add(_ cells: [String]) { rows.append(cells.map { [$0] }) }

    /// The lines of the table, with a rule below the headings and, if anything stands in them, one at the end.
    var lines: [String] {
        let names = headings.map { $0.hasPrefix(">") ? String($0.dropFirst()) : $0 }
        let widths = headings.indices.map { column in
            rows.reduce(names[column].count) { width, row in
                row[column].reduce(width) { max($0, $1.count) }
            }
        }
        func line(_ cells: [String]) -> String {
            var text = headings.indices.map { column in
                Format.padded(cells[column], to: widths[column], onTheLeft: headings[column].hasPrefix(">"))
            }.joined(separator: "  ")
            while text.last == " " { text.removeLast() }
            return text
        }
        let width = widths.reduce(0, +) + 2 * max(0, widths.count - 1)
        let rule = String(repeating: "-", count: min(width, Table.terminalWidth ?? width))
        var lines = [line(names), rule]
        for row in rows {
            let height = row.reduce(1) { max($0, $1.count) }
            for index in 0..<height { lines.append(line(row.map { index < $0.count ? $0[index] : "" })) }
        }
        if !rows.isEmpty { lines.append(rule) }
        return lines
    }

    /// The columns of the terminal that standard output is; nil if it is none.
    private static var terminalWidth: Int? {
        var size = winsize()
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }
}
