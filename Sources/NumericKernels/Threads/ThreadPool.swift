// A few threads that share the parts of one kernel at a time.

import CVector
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Work that falls into independent parts. A task is a value of plain pointers and numbers, which the pool's threads read
/// where the caller keeps it, so that nothing is allocated or counted.
protocol ParallelTask {
  /// Does one part; `thread` (from 0) says whose scratch memory may be used.
  func run(part: Int, thread: Int)
}

extension ParallelTask {
  fileprivate static func run(_ task: UnsafeRawPointer, part: Int, thread: Int) {
    task.assumingMemoryBound(to: Self.self).pointee.run(part: part, thread: thread)
  }
}

/// The threads of a rank: the caller, and `threads − 1` others that wait for work.
///
/// Whoever is free takes the next part, so that a thread whose core is busy otherwise does less. What a part computes must
/// not depend on who does it; then results are the same bits for any number of threads.
final class ThreadPool: @unchecked Sendable {
  let threads: Int
  private let background: (any BackgroundWork)?
  private let workers: [Worker]
  private let call: SharedCall

  /// Starts `threads − 1` threads; at least 1 is the caller, who lets `background` go on between its parts.
  ///
  /// - Parameter processors: the processor that each thread stays on, the caller's first; empty leaves that to the system,
  ///   which is slow to spread threads that wait often.
  init(threads: Int, on processors: [Int] = [], background: (any BackgroundWork)? = nil) {
    require(threads >= 1, "a pool has one thread at least")
    require(processors.isEmpty || processors.count == threads, "each thread has a processor")
    self.threads = threads
    self.background = background
    let call = SharedCall(threads: threads, background: background)
    self.call = call
    workers = (1..<threads).map { Worker(index: $0, processor: processors.isEmpty ? nil : processors[$0]) }
    // Threads hold on to the call alone: the pool ends when its owner lets go of it, and ends them.
    for worker in workers { worker.start { call.serve(worker) } }
    if let first = processors.first { stay_on_processor(Int32(first)) }
  }

  deinit {
    call.end()
    for worker in workers {
      worker.wake()
      worker.join()
    }
  }

  /// Lets the background go on in the middle of a long part, if its thread is the caller.
  @inline(__always)
  func advanceBackground(thread: Int) {
    if thread == 0 { background?.advance() }
  }

  /// Runs parts 0 ..< `count`, and returns when all are done. Not to be called from a task.
  func run<Task: ParallelTask>(_ count: Int, _ task: Task) {
    if threads == 1 || count <= 1 {
      for part in 0..<count {
        task.run(part: part, thread: 0)
        background?.advance()
      }
      return
    }
    withUnsafePointer(to: task) { pointer in
      call.begin(Task.self, UnsafeRawPointer(pointer), parts: count)
      for worker in workers { worker.wake() }
      call.runParts(0)
      call.waitForOthers()
    }
  }
}

/// What the caller tells the other threads: the present task.
private final class SharedCall: @unchecked Sendable {
  private let threads: Int
  private let background: (any BackgroundWork)?
  /// Counts the calls: a new number is a new task. Written before the workers are woken, read by them after.
  private let number = Atomic<Int>(0)
  private let unfinished = Atomic<Int>(0)
  /// The first part that nobody has taken.
  private let next = Atomic<Int>(0)
  private var task: (type: any ParallelTask.Type, value: UnsafeRawPointer)?
  private var parts = 0
  private var isEnding = false

  init(threads: Int, background: (any BackgroundWork)?) {
    self.threads = threads
    self.background = background
  }

  func begin(_ type: any ParallelTask.Type, _ value: UnsafeRawPointer, parts: Int) {
    task = (type, value)
    self.parts = parts
    next.store(0, ordering: .relaxed)
    unfinished.store(threads - 1, ordering: .relaxed)
    number.add(1, ordering: .sequentiallyConsistent)
  }

  func end() {
    isEnding = true
    number.add(1, ordering: .sequentiallyConsistent)
  }

  /// Does parts for as long as there are any.
  func runParts(_ thread: Int) {
    guard let task else { return }
    while true {
      let part = next.add(1, ordering: .relaxed).oldValue
      if part >= parts { return }
      task.type.run(task.value, part: part, thread: thread)
      if thread == 0 { background?.advance() }
    }
  }

  func serve(_ worker: Worker) {
    var seen = 0
    while true {
      worker.sleep { number.load(ordering: .sequentiallyConsistent) != seen }
      seen += 1
      if isEnding { return }
      runParts(worker.index)
      unfinished.subtract(1, ordering: .releasing)
    }
  }

  func waitForOthers() { Self.wait { unfinished.load(ordering: .acquiring) == 0 } }

  /// Waits in a loop, which answers fastest, and lets others run where that takes long.
  private static func wait(until isDone: () -> Bool) {
    var turns = 0
    while !isDone() {
      spin_hint()
      turns += 1
      if turns > 2_000 { sched_yield() }
    }
  }
}

/// A thread that looks for work for a while, then sleeps.
private final class Worker: @unchecked Sendable {
  let index: Int
  private let processor: Int?
  private let isAsleep = Atomic<Bool>(false)
  private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
  private var thread = pthread_t()
  private var body: () -> Void = {}

  init(index: Int, processor: Int?) {
    self.index = index
    self.processor = processor
    sem_init(semaphore, 0, 0)
  }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  func start(_ body: @escaping () -> Void) {
    self.body = body
    let code = pthread_create(
      &thread, nil,
      { raw in
        guard let raw else { return nil }
        let worker = Unmanaged<Worker>.fromOpaque(raw).takeUnretainedValue()
        if let processor = worker.processor { stay_on_processor(Int32(processor)) }
        worker.body()
        return nil
      }, Unmanaged.passUnretained(self).toOpaque())
    require(code == 0, "the system gives no more threads: lower training.threads")
  }

  /// Returns when `hasWork`; spins for some 20 µs before it sleeps.
  func sleep(until hasWork: () -> Bool) {
    while true {
      for turn in 0..<4_000 {
        if hasWork() { return }
        spin_hint()
        if turn > 2_000 { sched_yield() }
      }
      isAsleep.store(true, ordering: .sequentiallyConsistent)
      // Work that came before the flag was up has not woken anyone.
      if hasWork() {
        if !isAsleep.exchange(false, ordering: .sequentiallyConsistent) { sem_wait(semaphore) }
        return
      }
      sem_wait(semaphore)
    }
  }

  func wake() {
    if isAsleep.exchange(false, ordering: .sequentiallyConsistent) { sem_post(semaphore) }
  }

  func join() {
    pthread_join(thread, nil)
    // It holds on to the worker.
    body = {}
  }
}
