// What it costs to sum numbers over a network: a latency per message and a time per byte (the α–β model).

import Foundation

/// A network between ranks.
///
/// A message of b bytes takes α + β·b seconds: Hockney, "The communication challenge for MPP" (1994). What an allreduce
/// makes of that is in Thakur, Rabenseifner and Gropp, "Optimization of collective communication operations in MPICH"
/// (2005).
public struct NetworkModel: Codable, Equatable, Sendable {
  /// α: seconds that a message takes however short it is; at least 0.
  public var latency: Double
  /// 1/β: bytes per second that a rank sends while it receives as many; above 0.
  public var bandwidth: Double

  enum CodingKeys: CodingKey { case latency, bandwidth }

  /// A network of these two numbers.
  public init(latency: Double, bandwidth: Double) {
    self.latency = latency
    self.bandwidth = bandwidth
  }

  /// Networks with usual numbers, for planning without having measured: for Ethernet 94 % of the line's rate, which is what
  /// TCP leaves for data, and the latency of MPI messages over it; for 100 Gbit/s what RDMA reaches.
  public enum Known: String, Codable, CaseIterable, Sendable {
    /// Ranks of one host: 1 µs, 4 GB/s.
    case sharedMemory = "shared"
    /// 50 µs, 0.1175 GB/s.
    case gigabit1 = "1gbit"
    /// 25 µs, 1.175 GB/s.
    case gigabit10 = "10gbit"
    /// 15 µs, 2.94 GB/s.
    case gigabit25 = "25gbit"
    /// 3 µs, 11.75 GB/s.
    case gigabit100 = "100gbit"

    /// Its numbers.
    public var model: NetworkModel {
      switch self {
      case .sharedMemory: NetworkModel(latency: 1e-6, bandwidth: 4e9)
      case .gigabit1: NetworkModel(latency: 50e-6, bandwidth: 0.1175e9)
      case .gigabit10: NetworkModel(latency: 25e-6, bandwidth: 1.175e9)
      case .gigabit25: NetworkModel(latency: 15e-6, bandwidth: 2.94e9)
      case .gigabit100: NetworkModel(latency: 3e-6, bandwidth: 11.75e9)
      }
    }
  }

  /// How an allreduce is made of messages. All send and receive 2·(n − 1)/n times the bytes, which is the least possible.
  public enum Algorithm: Sendable {
    /// Halves of what is left are exchanged with ever farther ranks, and back: 2·⌈log₂ n⌉ messages (Rabenseifner).
    case halving
    /// Pieces of every rank for every rank: 2·(n − 1) messages.
    case pairwise

    fileprivate func messages(_ ranks: Int) -> Int {
      switch self {
      case .halving: 2 * (Int.bitWidth - (ranks - 1).leadingZeroBitCount)
      case .pairwise: 2 * (ranks - 1)
      }
    }
  }

  /// Seconds in which `ranks` ranks sum buffers of `bytes` bytes: messages·α + 2·(n − 1)/n·bytes·β, and 0 for one rank.
  public func allreduce(bytes: Int, ranks: Int, _ algorithm: Algorithm = .halving) -> Double {
    guard ranks > 1 else { return 0 }
    return Double(algorithm.messages(ranks)) * latency + Self.share(ranks) * Double(bytes) / bandwidth
  }

  /// The bytes that a rank sends for each byte that is summed.
  private static func share(_ ranks: Int) -> Double { 2 * Double(ranks - 1) / Double(ranks) }

  /// An allreduce that was timed.
  public struct Sample: Codable, Equatable, Sendable {
    /// Bytes of each rank's buffer.
    public let bytes: Int
    /// Seconds.
    public let seconds: Double

    /// An allreduce of so many bytes in so many seconds.
    public init(bytes: Int, seconds: Double) {
      self.bytes = bytes
      self.seconds = seconds
    }
  }

  /// The network whose allreduces over `ranks` ranks, by halving, take the times of `samples` with the least relative
  /// errors: the weighted least squares of two unknowns.
  ///
  /// - Throws: `CostModelError.unfit` without two ranks and two sizes, or where larger buffers take no longer.
  public init(fitting samples: [Sample], ranks: Int) throws(CostModelError) {
    guard ranks > 1, Set(samples.map(\.bytes)).count > 1, samples.allSatisfy({ $0.seconds > 0 && $0.bytes > 0 }) else {
      throw .unfit("allreduces of two ranks or more and of two sizes or more are needed")
    }
    var (aa, ab, bb, a, b) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for sample in samples {
      let messages = Double(Algorithm.halving.messages(ranks)) / sample.seconds
      let bytes = Self.share(ranks) * Double(sample.bytes) / sample.seconds
      aa += messages * messages
      ab += messages * bytes
      bb += bytes * bytes
      a += messages
      b += bytes
    }
    let determinant = aa * bb - ab * ab
    let latency = (a * bb - b * ab) / determinant
    let perByte = (b * aa - a * ab) / determinant
    guard perByte > 0, perByte.isFinite, latency.isFinite else { throw .unfit("larger buffers took no longer") }
    self.init(latency: max(latency, 0), bandwidth: 1 / perByte)
  }
}

extension NetworkModel: CustomStringConvertible {
  /// For example `15.00 µs and 2.940 GB/s`.
  public var description: String { String(format: "%.2f µs and %.3f GB/s", 1e6 * latency, bandwidth / 1e9) }
}

/// A network as it shows in the MPI library's own allreduces, whose algorithms may differ in how well they use it.
public struct MeasuredNetwork: Codable, Equatable, Sendable {
  /// In sums that are waited for one by one.
  public let blocking: NetworkModel
  /// In sums that go on during the computation.
  public let nonBlocking: NetworkModel
  /// The share of the time of such a sum, 0…1, that the computation loses to it although it does not wait: what sending and
  /// receiving takes of a processor, the overhead o of the LogP model (Culler et al., "LogP: Towards a Realistic Model of
  /// Parallel Computation", 1993).
  public let interference: Double

  enum CodingKeys: CodingKey { case blocking, nonBlocking, interference }

  /// What sums showed.
  public init(blocking: NetworkModel, nonBlocking: NetworkModel, interference: Double) {
    self.blocking = blocking
    self.nonBlocking = nonBlocking
    self.interference = interference
  }
}
