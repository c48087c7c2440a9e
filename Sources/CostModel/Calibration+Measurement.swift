// Measures kernels, sums, and what sums take from kernels, on all ranks at once.

import DistributedTraining
import MPI
import NeuralNetwork

extension Calibration {
  /// What is measured, and by which kernels.
  public struct Subject {
    /// Networks whose kernels, at all depths up to their own, are measured. The first one's gradients are summed. Several of
    /// different widths tell of those between them.
    public var networks: [Architecture]
    /// The largest batch of a rank, at least 1.
    public var images: Int
    /// What computes, and by how many threads.
    public var training: TrainingOptions

    /// A subject.
    public init(networks: [Architecture], images: Int, training: TrainingOptions) {
      self.networks = networks
      self.images = images
      self.training = training
    }
  }

  /// Measures `subject` on all ranks of `world` at once: some steps of each network, sums of buckets, and steps whose sums
  /// overlap with them. The slowest rank counts. Takes less than a minute on one core for ResNet-34. Collective.
  ///
  /// - Parameter communication: how gradients are summed, in as far as it is not the mode.
  /// - Throws: `MPIError`, `CostModelError.unfit`.
  public static func measure(
    _ subject: Subject, world: Communicator, layout: RunLayout, communication: CommunicationOptions
  ) throws -> Calibration {
    let placement = try ThreadPlacement(threads: subject.training.threads, communicator: world)
    try world.barrier()
    let own = try subject.networks.map { network in
      try KernelCosts.measure(network, images: subject.images, threads: placement.threads) {
        subject.training.kernels(placement, profile: $0)
      }
    }
    return Calibration(
      layout: layout, costs: try KernelCosts(merging: own).slowest(of: world),
      network: try MeasuredNetwork.measure(subject, placement, world: world, communication: communication))
  }
}

extension KernelCosts {
  /// The times of each kernel on the rank where it takes longest. Collective; the ranks measured the same networks.
  fileprivate func slowest(of world: Communicator) throws -> KernelCosts {
    var times = try world.allreduce(entries.flatMap { $0.samples.map(\.seconds) }, .max)[...]
    return try KernelCosts(
      threads: threads,
      entries: entries.map { entry in
        Entry(entry.kernel, entry.samples.map { Sample(size: $0.size, seconds: times.removeFirst()) })
      })
  }
}

extension MeasuredNetwork {
  /// Sizes of sums whose messages are so short that only their number counts, in bytes.
  private static let short = [256, 1 << 10]
  /// Sizes in which gradients are summed.
  private static let long = [1 << 20, 2 << 20, 4 << 20]
  /// Bytes that are summed without a pause, so that no buffer on the way makes the network seem faster than it is in the long
  /// run.
  private static let stream = 32 << 20

  /// The network of `world`; nil where there is one rank. Collective.
  /// - Throws: `MPIError`, `CostModelError.unfit`.
  fileprivate static func measure(
    _ subject: Calibration.Subject, _ placement: ThreadPlacement, world: Communicator,
    communication: CommunicationOptions
  ) throws -> MeasuredNetwork? {
    guard world.size > 1, let network = subject.networks.first else { return nil }
    let benchmark = AllreduceBenchmark(world)
    let short = try short.map { try benchmark.measure(bytes: $0, samples: 5) }
    let long = try long.map { try benchmark.measure(bytes: $0, samples: 3, calls: stream / $0) }
    let steps = try ScalingBenchmark(
      network, .weak, batch: subject.images, world: world,
      communication: CommunicationOptions(bucketMegabytes: communication.bucketMegabytes, mode: .overlapped)
    ) { subject.training.kernels(placement, background: $0) }.measure(rounds: 3, steps: 1)
    func sample(_ bytes: Int, _ seconds: Double?) -> NetworkModel.Sample? {
      seconds.map { NetworkModel.Sample(bytes: bytes, seconds: $0) }
    }
    // Those that overlap are under way together: the network carries them as one.
    let together = steps.communication.flatMap { sample($0.bytesPerStep, 1e-3 * $0.milliseconds) }
    return MeasuredNetwork(
      blocking: try fit((short + long).compactMap { sample($0.bytes, $0.blocking) }, ranks: world.size),
      nonBlocking: try fit(
        short.compactMap { sample($0.bytes, $0.nonBlocking) } + [together].compactMap(\.self), ranks: world.size),
      interference: interference(steps, images: subject.images * world.size))
  }

  /// The network that explains `samples`. Where short sums took as long as long ones, as on cores that ranks have to share,
  /// the time of the longest counts for its bytes alone.
  private static func fit(_ samples: [NetworkModel.Sample], ranks: Int) throws(CostModelError) -> NetworkModel {
    do throws(CostModelError) {
      return try NetworkModel(fitting: samples, ranks: ranks)
    } catch {
      guard let longest = samples.max(by: { $0.bytes < $1.bytes }), longest.seconds > 0 else { throw error }
      let unlimited = NetworkModel(latency: 0, bandwidth: 1)
      return NetworkModel(
        latency: 0, bandwidth: unlimited.allreduce(bytes: longest.bytes, ranks: ranks) / longest.seconds)
    }
  }

  /// By how much a step is longer than its computation and what it waits, as a share of the sums that it does not wait for.
  private static func interference(_ result: ScalingBenchmark.Result, images: Int) -> Double {
    guard let sums = result.communication else { return 0 }
    let exposed = 1e-3 * sums.exposedMilliseconds
    let hidden = 1e-3 * sums.milliseconds - exposed
    let lost = Double(images) / result.together - Double(images) / result.independent - exposed
    return hidden > 0 ? min(max(lost / hidden, 0), 1) : 0
  }
}
