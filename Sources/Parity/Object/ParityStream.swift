import ObjectStorage

/// The objects of a group one after another, each from the start of a block on, as one stream of data blocks.
struct ParityStream {
    let head: ParityHead
    let store: any ObjectStore
    /// The first block of each member, and of what follows the last.
    let starts: [Int]

    init(_ head: ParityHead, store: any ObjectStore) {
        self.head = head
        self.store = store
        var starts = [0]
        for member in head.members { starts.append((starts.last ?? 0) + head.blocks(of: member)) }
        self.starts = starts
    }

    /// The member that has a block; nil behind the last.
    func member(ofBlock block: Int) -> Int? {
        guard block < starts[starts.count - 1] else { return nil }
        var (low, high) = (0, head.members.count)
        while low + 1 < high {
            let middle = (low + high) / 2
            if starts[middle] <= block { low = middle } else { high = middle }
        }
        return low
    }

    /// Reads blocks of the stream; zeros where nothing can be read.
    func read(_ blocks: Range<Int>) -> [UInt8] {
        let unit = head.shape.blockLength
        var result = [UInt8](repeating: 0, count: blocks.count * unit)
        var block = blocks.lowerBound
        while block < blocks.upperBound, let number = member(ofBlock: block) {
            let member = head.members[number]
            let end = min(blocks.upperBound, starts[number + 1])
            let from = UInt64((block - starts[number]) * unit)
            let to = min(member.byteCount, UInt64((end - starts[number]) * unit))
            let bytes = readSalvaging(member.name, from..<to, in: store, unit: unit)
            let position = (block - blocks.lowerBound) * unit
            result.replaceSubrange(position..<(position + bytes.count), with: bytes)
            block = end
        }
        return result
    }
}
