internal import ObjectStorage

/// A writer of a `FaultyStore`.
final class FaultyWriter: ObjectWriter {
    private let store: FaultyStore
    private let base: any ObjectWriter

    init(store: FaultyStore, base: any ObjectWriter) {
        self.store = store
        self.base = base
    }

    var byteCount: UInt64 { base.byteCount }

    func append(_ bytes: RawSpan) throws {
        // A closure cannot hold on to the span, so the fault is drawn around nothing.
        do {
            try store.performing(.append, "") {}
        } catch {
            base.abandon()
            throw error
        }
        try base.append(bytes)
    }

    func commit(as name: ObjectName) throws {
        do {
            try store.performing(.create, name.path, whenLying: ()) { try base.commit(as: name) }
        } catch {
            base.abandon()
            throw error
        }
        // Does nothing after a commit, and drops what a lie has left.
        base.abandon()
    }

    func abandon() { base.abandon() }
}
