/// The paths to save as a tree, so that they are walked in manifest order with their parents.
struct RootTree {
    /// A directory on the way to a root, or a root.
    final class Node {
        let name: [UInt8]
        var children: [Node] = []
        var isRoot = false

        init(name: [UInt8]) { self.name = name }
    }

    let top = Node(name: [])

    /// Builds the tree; a path below another one adds nothing.
    init(_ paths: [[UInt8]]) {
        for path in paths {
            var node = top
            for component in path.split(separator: UInt8(ascii: "/")) where !node.isRoot {
                let name = Array(component)
                if let child = node.children.first(where: { $0.name == name }) {
                    node = child
                } else {
                    let child = Node(name: name)
                    node.children.append(child)
                    node = child
                }
            }
            node.isRoot = true
            node.children = []
        }
        RootTree.sort(top)
    }

    private static func sort(_ node: Node) {
        node.children.sort { $0.name.lexicographicallyPrecedes($1.name) }
        for child in node.children { sort(child) }
    }
}
