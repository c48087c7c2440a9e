// How long sums over all ranks take, by size, beside copies of as many bytes.

import MPI
import NeuralNetwork

/// Times allreduces of floats in place, as gradients are summed.
public struct AllreduceBenchmark {
  /// What one size took: seconds per call on the slowest rank, each a median.
  public struct Result: Codable, Equatable, Sendable {
    /// The size of the buffer of each rank.
    public let bytes: Int
    /// The time of an allreduce; nil where there is one rank, and nothing to sum.
    public let blocking: Double?
    /// The time of one that is started and at once waited for.
    public let nonBlocking: Double?
    /// The time in which each rank copies as many bytes, all at once.
    public let copy: Double
  }

  private let communicator: Communicator
  /// Seconds that the calls of a sample take together, where there are several.
  private static let sampleSeconds = 1e-3

  /// - Parameter communicator: the ranks.
  public init(_ communicator: Communicator) { self.communicator = communicator }

  /// From 4 bytes on, four times as many each, up to `maximum`.
  public static func sizes(upTo maximum: Int) -> [Int] {
    Array(sequence(first: 4) { $0 * 4 }.prefix { $0 <= maximum })
  }

  /// Times one size, the three operations in turns. Collective.
  ///
  /// - Parameters:
  ///   - bytes: a multiple of 4.
  ///   - samples: how often each is timed, at least 1.
  ///   - calls: how often it is called for a sample, without a pause; nil for as often as makes about a millisecond.
  /// - Throws: `MPIError`.
  public func measure(bytes: Int, samples: Int, calls: Int? = nil) throws(MPIError) -> Result {
    let memory = Memory(count: bytes / MemoryLayout<Float>.stride)
    var timings: [Timing] = []
    for operation in communicator.size == 1 ? [.copy] : Operation.allCases {
      _ = try seconds(of: operation, memory, calls: 1)
      let once = try seconds(of: operation, memory, calls: 1)
      let usual = min(max(Int(Self.sampleSeconds / max(once, 1e-9)), 1), 10_000)
      timings.append(Timing(operation: operation, calls: calls ?? usual))
    }
    for _ in 0..<samples {
      for index in timings.indices {
        timings[index].times.append(try seconds(of: timings[index].operation, memory, calls: timings[index].calls))
      }
    }
    func median(_ operation: Operation) -> Double? { timings.first { $0.operation == operation }?.times.median }
    return Result(
      bytes: bytes, blocking: median(.blocking), nonBlocking: median(.nonBlocking), copy: median(.copy) ?? 0)
  }

  private enum Operation: CaseIterable {
    case blocking
    case nonBlocking
    case copy
  }

  /// An operation, how often it is called for a sample, and the samples.
  private struct Timing {
    let operation: Operation
    let calls: Int
    var times: [Double] = []
  }

  /// What is summed, in stable memory that is there before the first call, and what is copied.
  private final class Memory {
    let values: AlignedBuffer<Float>
    let copies: CopyBenchmark

    init(count: Int) {
      values = AlignedBuffer(count: count)
      values.view.fill(0)
      copies = CopyBenchmark(count: count)
    }
  }

  /// Seconds per call on the slowest rank; the same number on all, so that they make as many calls.
  private func seconds(of operation: Operation, _ memory: Memory, calls: Int) throws(MPIError) -> Double {
    let values = memory.values.view.unsafeBuffer
    try communicator.barrier()
    let start = ContinuousClock.now
    switch operation {
    case .blocking: for _ in 0..<calls { try communicator.allreduce(values, .sum) }
    case .nonBlocking: for _ in 0..<calls { _ = try communicator.startAllreduce(values, .sum).wait() }
    case .copy: memory.copies.run(times: calls)
    }
    let own = withExtendedLifetime(memory) { start.duration(to: .now) / .seconds(1) }
    return try communicator.allreduce(own, .max) / Double(calls)
  }
}
