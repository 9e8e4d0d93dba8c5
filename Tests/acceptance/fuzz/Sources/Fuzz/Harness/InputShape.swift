import Records

/// How the input of a target is built, so that a mutation can change one part and keep the lengths around it right.
///
/// Without it nearly every change of a length would make a record end in its middle, and nothing behind be reached.
indirect enum InputShape {
    /// Nothing is known of it.
    case bytes
    /// Fields of records, whose values may be fields again.
    case fields
    /// Magic number, length, fields, and anything.
    case object
    /// So many bytes, then something else.
    case head(Int, InputShape)
    /// Two bytes of length and as much of one shape, then something else.
    case block(InputShape, then: InputShape)
    /// Blocks up to the end.
    case blocks(InputShape)
    /// Parts up to the end, each with a varint for its length.
    case counted(InputShape)
    /// Parts up to the end as `HistoryTarget` takes them: flags, a block of fields and, of a commit, another.
    case history
    /// A page in the form that `PageForge` takes.
    case page
}

/// Changes inputs by their shape.
struct ShapeMutator {
    /// Changes bytes as libFuzzer does, with at most so many bytes as the result.
    let plain: ([UInt8], _ limit: Int) -> [UInt8]
    private var random: UInt64

    init(seed: UInt32, plain: @escaping ([UInt8], Int) -> [UInt8]) {
        self.plain = plain
        random = UInt64(seed)
    }

    /// A number below `bound`, by SplitMix64.
    private mutating func number(_ bound: Int) -> Int {
        random &+= 0x9E37_79B9_7F4A_7C15
        var mixed = random
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(max(1, bound)))
    }

    /// One mutation.
    mutating func mutate(_ bytes: [UInt8], _ shape: InputShape, depth: Int = 0) -> [UInt8] {
        // Now and then lengths must be wrong.
        if number(6) == 0 { return plain(bytes, bytes.count + 16) }
        switch shape {
        case .bytes: return plain(bytes, bytes.count + 64)
        case .fields: return fields(bytes, depth)
        case .object: return object(bytes)
        case .head(let count, let rest):
            var head = Array(bytes.prefix(count))
            if !head.isEmpty, number(8) == 0 {
                head[number(head.count)] = UInt8(number(256))
                return head + bytes.dropFirst(count)
            }
            return head + mutate(Array(bytes.dropFirst(count)), rest, depth: depth)
        case .block(let inner, let rest):
            let (block, end) = block(bytes, at: 0)
            if number(2) == 0 { return counted(mutate(block, inner, depth: depth)) + bytes[end...] }
            return bytes[..<end] + mutate(Array(bytes[end...]), rest, depth: depth)
        case .blocks(let inner):
            var blocks: [[UInt8]] = []
            var position = 0
            while position + 2 <= bytes.count {
                let (next, end) = block(bytes, at: position)
                blocks.append(next)
                position = end
            }
            return list(&blocks, inner, depth).flatMap(counted)
        case .counted(let inner):
            var parts = FieldList.parts(bytes[...])
            let changed = list(&parts, inner, depth)
            // One length may be wrong: at a place where a length stands, and one that matters.
            let wrong = number(4) == 0 ? number(changed.count) : changed.count
            let length = interestingNumber()
            return changed.enumerated().flatMap { $0 == wrong ? length + $1 : FieldList.counted($1) }
        case .history: return history(bytes)
        case .page: return page(bytes)
        }
    }

    /// Changes, repeats, drops or moves a part.
    private mutating func list(_ parts: inout [[UInt8]], _ inner: InputShape, _ depth: Int) -> [[UInt8]] {
        guard !parts.isEmpty else { return [mutate([], inner, depth: depth)] }
        let index = number(parts.count)
        switch number(10) {
        case 0: parts.insert(parts[index], at: number(parts.count))
        case 1: parts.remove(at: index)
        case 2: parts.swapAt(index, number(parts.count))
        default: parts[index] = mutate(parts[index], inner, depth: depth)
        }
        return parts
    }

    private mutating func history(_ bytes: [UInt8]) -> [UInt8] {
        var parts: [(flags: UInt8, blocks: [[UInt8]])] = []
        var position = 0
        while position < bytes.count {
            let flags = bytes[position]
            position += 1
            var blocks: [[UInt8]] = []
            for _ in 0..<(flags & 1 == 0 ? 2 : 1) {
                let (next, end) = block(bytes, at: position)
                blocks.append(next)
                position = end
            }
            parts.append((flags, blocks))
        }
        guard !parts.isEmpty else { return plain(bytes, bytes.count + 16) }
        let index = number(parts.count)
        switch number(8) {
        case 0: parts.insert(parts[index], at: number(parts.count))
        case 1: parts.remove(at: index)
        case 2: parts[index].flags ^= 1 << UInt8(1 + number(7))
        default:
            let block = number(parts[index].blocks.count)
            parts[index].blocks[block] = fields(parts[index].blocks[block], 0)
        }
        return parts.flatMap { [$0.flags] + $0.blocks.flatMap(counted) }
    }

    private func block(_ bytes: [UInt8], at position: Int) -> (block: [UInt8], end: Int) {
        guard position + 2 <= bytes.count else { return ([], bytes.count) }
        let count = Int(bytes[position]) | Int(bytes[position + 1]) << 8
        let end = min(bytes.count, position + 2 + count)
        return (Array(bytes[(position + 2)..<end]), end)
    }

    private func counted(_ block: [UInt8]) -> [UInt8] {
        var writer = InputWriter()
        writer.block(block)
        return writer.bytes
    }

    private mutating func fields(_ bytes: [UInt8], _ depth: Int) -> [UInt8] {
        var list = FieldList(bytes[...])
        guard list.count > 0 else { return plain(bytes, bytes.count + 16) }
        let index = number(list.count)
        switch number(12) {
        case 0: list.remove(at: index)
        case 1: list.duplicate(at: index)
        case 2: list.change(at: index, tag: UInt64(number(48)))
        case 3, 4: list.change(at: index, value: interestingNumber())
        case 5...7 where depth < 3 && list.value(at: index).count > 3:
            list.change(at: index, value: fields(list.value(at: index), depth + 1))
        default:
            let value = list.value(at: index)
            list.change(at: index, value: plain(value, value.count + 16))
        }
        return list.encoded()
    }

    /// A number at which something may change.
    private mutating func interestingNumber() -> [UInt8] {
        let power = UInt64(1) << UInt64(number(64))
        var bytes: [UInt8] = []
        FieldList.append([power, power - 1, power + 1, UInt64(number(300)), .max][number(5)], to: &bytes)
        return bytes
    }

    private mutating func object(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.count >= 12 else { return plain(bytes, bytes.count + 16) }
        let count = min(bytes.count - 12, Int(bytes[8]) | Int(bytes[9]) << 8)
        let changed = fields(Array(bytes[12..<(12 + count)]), 0)
        var head = Array(bytes[..<12])
        head[8] = UInt8(truncatingIfNeeded: changed.count)
        head[9] = UInt8(truncatingIfNeeded: changed.count >> 8)
        return head + changed + bytes[(12 + count)...]
    }

    /// Of leaves the entries are known; of other pages nothing.
    private mutating func page(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.count > 4, bytes[0] & 3 == PageForge.Kind.manifest.rawValue, bytes[2] == 0,
            var items = LeafParts(bytes[4...]), !items.items.isEmpty, bytes[3] < 0x80
        else { return plain(bytes, bytes.count + 32) }
        let index = number(items.items.count)
        switch number(12) {
        case 0: items.items.remove(at: index)
        case 1: items.items.insert(items.items[index], at: number(items.items.count))
        case 2: items.items.swapAt(index, number(items.items.count))
        case 3: items.items[index].kind = UInt8(number(9))
        case 4: items.items[index].shared = UInt64(number(items.items[index].path.count + 4))
        case 5, 6: items.items[index].path = plain(items.items[index].path, items.items[index].path.count + 8)
        case 7: items.items[index].path = items.items[number(items.items.count)].path
        case 8: items.items[index].path = Array(["..", ".", "a/b", "", "/", "a\0b"][number(6)].utf8)
        default: items.items[index].fields = fields(items.items[index].fields, 0)
        }
        return bytes[..<3] + [UInt8(min(127, items.items.count))] + items.encoded()
    }
}

/// The entries of a leaf, without regard to what they mean.
private struct LeafParts {
    struct Item {
        var shared: UInt64
        var path: [UInt8]
        var kind: UInt8
        var fields: [UInt8]
    }

    var items: [Item] = []

    init?(_ bytes: ArraySlice<UInt8>) {
        var reader = FieldList.reader(bytes)
        while !reader.isAtEnd {
            guard let shared = try? reader.varint(), let path = try? reader.countedBytes(), let kind = try? reader.u8(),
                let fields = try? reader.countedBytes()
            else { return nil }
            items.append(Item(shared: shared, path: Array(path), kind: kind, fields: Array(fields)))
        }
    }

    func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        for item in items {
            FieldList.append(item.shared, to: &bytes)
            bytes += FieldList.counted(item.path)
            bytes.append(item.kind)
            bytes += FieldList.counted(item.fields)
        }
        return bytes
    }
}
