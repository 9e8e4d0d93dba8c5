import Records
import Repository
import Testing

/// When a run is held for dead, by what is seen of its leases.
@Suite struct LeaseWatchTests {
    private let run: RunReference

    init() throws { run = RunReference(member: try MemberID.random(), run: try RunID.random()) }

    @Test func runThatRenewsIsAlive() {
        var watch = LeaseWatch([run], now: 0)
        for step in 0..<100 {
            #expect(!watch.observe(run, lease: UInt64(step / 3), now: Int64(step) * 300) { 1000 })
        }
        #expect(watch.waiting == [run])
    }

    @Test func runThatStandsStillForItsWholeLeaseIsDead() {
        var watch = LeaseWatch([run], now: 50)
        #expect(!watch.observe(run, lease: 4, now: 100) { 1000 })
        #expect(!watch.observe(run, lease: 4, now: 1099) { 1000 })
        #expect(watch.observe(run, lease: 4, now: 1100) { 1000 })
        // A renewal starts the time anew.
        #expect(!watch.observe(run, lease: 5, now: 1200) { 1000 })
        #expect(!watch.observe(run, lease: 5, now: 2199) { 1000 })
        #expect(watch.observe(run, lease: 5, now: 2200) { 1000 })
        watch.noteEnd(of: run)
        #expect(watch.waiting.isEmpty)
        #expect(!watch.observe(run, lease: 5, now: 9999) { 1000 })
    }

    @Test func hostileLengthsAreBounded() {
        var watch = LeaseWatch([run], now: 0)
        #expect(!watch.observe(run, lease: 0, now: 0) { .max })
        #expect(!watch.observe(run, lease: 0, now: LeaseWatch.longestLease - 1) { .max })
        #expect(watch.observe(run, lease: 0, now: LeaseWatch.longestLease) { .max })
        // What cannot be read is taken for a lease of the usual length; one of no length ends at the next look.
        var other = LeaseWatch([run], now: 0)
        #expect(!other.observe(run, lease: 0, now: 0) { nil })
        #expect(!other.observe(run, lease: 0, now: LeaseWatch.assumedLease - 1) { nil })
        #expect(other.observe(run, lease: 0, now: LeaseWatch.assumedLease) { nil })
        var empty = LeaseWatch([run], now: 0)
        #expect(!empty.observe(run, lease: 0, now: 0) { 0 })
        #expect(empty.observe(run, lease: 0, now: 1) { 0 })
    }
}
