/// A queue between threads that holds at most so many elements: a slow consumer slows its producers down, so memory
/// stays bounded.
///
/// Whoever pushes an element gives it up: it belongs to the thread that takes it.
package final class BoundedQueue<Element>: Sendable {
    private struct State {
        var elements: [Element?] = []
        var first = 0
        var isFinished = false
        var count: Int { elements.count - first }
    }

    private let monitor = Monitor(State())
    private let capacity: Int

    /// Makes an empty queue for at most `capacity` elements.
    package init(capacity: Int) { self.capacity = max(1, capacity) }

    /// Adds an element, waiting for room.
    ///
    /// - Returns: `false` if the queue was finished or cancelled: the element was not taken.
    @discardableResult
    package func push(_ element: Element) -> Bool {
        monitor.wait { state in
            if state.isFinished { return false }
            guard state.count < capacity else { return nil }
            state.elements.append(element)
            return true
        } ?? false
    }

    /// Takes the oldest element, waiting for one.
    ///
    /// - Returns: `nil` when the queue is finished and empty.
    package func pop() -> Element? { pop(waitingSeconds: nil).element }

    /// Takes the oldest element, waiting for one at most so long.
    ///
    /// - Returns: the element, or none and whether that is for good.
    package func pop(waitingSeconds seconds: Double?) -> (element: Element?, isFinished: Bool) {
        monitor.wait(seconds: seconds) { state -> (element: Element?, isFinished: Bool)? in
            if state.count > 0 {
                let element = state.elements[state.first]
                state.elements[state.first] = nil
                state.first += 1
                if state.first > 64, state.first * 2 > state.elements.count {
                    state.elements.removeFirst(state.first)
                    state.first = 0
                }
                return (element, false)
            }
            return state.isFinished ? (nil, true) : nil
        } ?? (nil, false)
    }

    /// Says that nothing more will come; what is in the queue can still be taken.
    package func finish() { monitor.change { $0.isFinished = true } }

    /// Drops everything and finishes.
    package func cancel() {
        monitor.change { state in
            state.elements.removeAll()
            state.first = 0
            state.isFinished = true
        }
    }
}
