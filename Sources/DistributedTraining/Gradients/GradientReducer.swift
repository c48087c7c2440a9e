// Sums the gradients of all ranks, after the backward pass or while it goes on.

import Files
import MPI
import NeuralNetwork

/// Replaces the gradients of a network by their sum over all ranks, in buckets small enough to stay in cache, whose limits
/// and order never change.
///
/// Each rank's gradient is already divided by the global batch size, so the sum is the gradient of the global mean,
/// however unevenly the batch is shared. A step is `begin`, a backward pass that tells `observer` what is complete, and
/// `finish`. Where communication overlaps with it, a bucket's sum begins as soon as it is complete, and goes on between
/// the kernels of the pass and, as their `background`, between their parts: MPI moves data only while it is called.
public final class GradientReducer {
  /// Whether gradients are summed while the backward pass goes on.
  public let isOverlapped: Bool
  /// The bytes that a rank hands over in a step: of each parameter of the network 4, or 2 with bf16, and nothing where
  /// there is one rank. Where the sum goes around a ring of ranks, it sends 2·(ranks − 1)/ranks times that.
  public let bytesPerStep: Int
  /// How long this rank has waited for sums, in all steps so far.
  public private(set) var waitingTime = Duration.zero

  /// Its size in memory, beside the gradients.
  var bytes: Int { compression?.bytes ?? 0 }

  let buckets: GradientBuckets
  /// Nil where there is one rank.
  private let summation: (any BucketSummation)?
  private var gradients: FloatView?
  /// The first bucket of this step that has not been started.
  private var next = 0
  /// What went wrong where no error could be thrown.
  private var failure: MPIError?
  private var lastAdvance = ContinuousClock.now

  /// - Parameters:
  ///   - communicator: the ranks that train together.
  ///   - layout: where the gradients lie.
  /// - Throws: `MPIError`. Collective.
  public init(
    _ communicator: Communicator, layout: NetworkLayout, options: CommunicationOptions
  ) throws(MPIError) {
    buckets = GradientBuckets(runs: layout.parameterRuns, megabytes: options.bucketMegabytes)
    guard communicator.size > 1 else {
      (isOverlapped, bytesPerStep, summation) = (false, 0, nil)
      return
    }
    let isOverlapped =
      switch options.mode {
      case .automatic: try communicator.spansHosts()
      case .overlapped: true
      case .blocking: false
      }
    // Duplicates, because the sums must not depend on the order of other operations.
    let summation: any BucketSummation =
      switch (options.compression, isOverlapped) {
      case (.none, false): BlockingSummation(communicator, buckets)
      case (.none, true): OverlappedSummation(try communicator.duplicate(), buckets)
      case (.bf16, _):
        CompressedSummation(
          (try communicator.duplicate(), try communicator.duplicate()), buckets, arenaFloats: layout.parameterFloats)
      }
    (self.isOverlapped, self.summation, bytesPerStep) = (isOverlapped, summation, summation.bytesPerStep)
  }

  /// Whom a backward pass has to tell what is complete; nil where nobody needs to know.
  public var observer: (any GradientObserver)? { isOverlapped ? self : nil }
  /// What kernels have to let go on; nil where there is nothing.
  public var background: (any BackgroundWork)? { isOverlapped ? self : nil }
  /// What is remembered from step to step; nil where nothing is.
  var compression: CompressedSummation? { summation as? CompressedSummation }

  /// Begins a step whose gradients will be in `gradients`, the same arena every time.
  public func begin(_ gradients: FloatView) {
    self.gradients = gradients
    next = 0
  }

  /// Returns when the gradients are the sums over all ranks. Collective.
  /// - Throws: `MPIError`.
  public func finish() throws(MPIError) {
    let start = ContinuousClock.now
    defer {
      waitingTime += start.duration(to: .now)
      gradients = nil
    }
    try startBuckets(before: .max)
    try summation?.finish()
  }

  private func startBuckets(before end: Int) throws(MPIError) {
    if let failure { throw failure }
    guard let summation, let gradients else { return }
    while next < buckets.ranges.count, buckets.ranges[next].upperBound <= end {
      try summation.start(next, gradients[buckets.ranges[next]])
      next += 1
      LongWork.progressed()
    }
  }
}

extension GradientReducer: GradientObserver {
  /// Starts the buckets that are complete. Collective.
  /// - Throws: `MPIError`.
  public func gradientsCompleted(_ count: Int) throws {
    try startBuckets(before: count)
    try summation?.advance()
  }
}

extension GradientReducer: BackgroundWork {
  /// Lets sums go on, where the last time is a while ago.
  public func advance() {
    guard next > 0, gradients != nil, failure == nil else { return }
    let now = ContinuousClock.now
    guard lastAdvance.duration(to: now) > Self.interval else { return }
    lastAdvance = now
    do throws(MPIError) {
      try summation?.advance()
    } catch {
      failure = error
    }
  }

  /// A network of 10 Gbit/s moves as much in this time as a socket holds.
  private static let interval = Duration.microseconds(200)
}

extension Communicator {
  /// Whether there are ranks that share no memory; the same answer on all. Collective.
  func spansHosts() throws(MPIError) -> Bool {
    try allreduce(splitSharedMemory().size, .min) < size
  }
}
