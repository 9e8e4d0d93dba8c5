import Synchronization
import Testing
import Threads

@Suite struct BoundedQueueTests {
    @Test(arguments: [1, 2, 7, 100])
    func everyElementArrivesOnceAndInOrder(capacity: Int) {
        let queue = BoundedQueue<Int>(capacity: capacity)
        let producer = WorkerThread(name: "producer") {
            for value in 0..<5000 { queue.push(value) }
            queue.finish()
        }
        var received: [Int] = []
        while let value = queue.pop() { received.append(value) }
        producer.join()
        #expect(received == Array(0..<5000))
    }

    @Test func severalConsumersShareTheElements() {
        let queue = BoundedQueue<Int>(capacity: 3)
        let sum = Mutex(0)
        let count = Mutex(0)
        let consumers = (0..<4).map { _ in
            WorkerThread(name: "consumer") {
                while let value = queue.pop() {
                    sum.withLock { $0 += value }
                    count.withLock { $0 += 1 }
                }
            }
        }
        for value in 1...10_000 { queue.push(value) }
        queue.finish()
        for consumer in consumers { consumer.join() }
        #expect(sum.withLock { $0 } == 50_005_000)
        #expect(count.withLock { $0 } == 10_000)
    }

    @Test func aFullQueueHoldsItsProducer() {
        let queue = BoundedQueue<Int>(capacity: 2)
        let pushed = Atomic<Int>(0)
        let producer = WorkerThread(name: "producer") {
            for value in 0..<10 {
                queue.push(value)
                pushed.wrappingAdd(1, ordering: .relaxed)
            }
        }
        // However long the producer runs, it gets no further than the room there is.
        while pushed.load(ordering: .relaxed) < 2 {}
        #expect(queue.pop(waitingSeconds: 0).element == 0)
        #expect(pushed.load(ordering: .relaxed) <= 3)
        for _ in 1..<10 { _ = queue.pop() }
        producer.join()
        #expect(pushed.load(ordering: .relaxed) == 10)
    }

    @Test func aFinishedQueueTakesNothingMoreAndGivesWhatItHas() {
        let queue = BoundedQueue<Int>(capacity: 4)
        queue.push(1)
        queue.finish()
        #expect(queue.push(2) == false)
        #expect(queue.pop() == 1)
        #expect(queue.pop() == nil)
        #expect(queue.pop(waitingSeconds: 0).isFinished)
    }

    @Test func waitingEndsWhenTheTimeIsOver() {
        let queue = BoundedQueue<Int>(capacity: 1)
        let (element, isFinished) = queue.pop(waitingSeconds: 0.01)
        #expect(element == nil && !isFinished)
    }
}
