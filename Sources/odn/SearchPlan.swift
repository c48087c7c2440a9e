// What can be told of a search before it begins: how long it takes, and how many ranks are worth it.

import Configuration
import CostModel
import Datasets
import DepthSearch
import DistributedTraining
import NeuralNetwork
import Telemetry

/// A search on a number of ranks, as it is predicted.
struct SearchPlan: Encodable {
  let policy: SearchOptions.Policy
  let network: NetworkModel
  let threads: Int
  let workload: SearchWorkload
  let forecast: SearchForecast
  /// Which of the ranks normalize a batch together.
  let batchNorm: BatchSharing
  /// The same forecast for those of 1, 2, 4, … ranks that a search takes without a warning.
  let ranks: [SearchForecast]
  /// Nil where a search warns of every number of ranks.
  let worthwhileRanks: Int?
  /// What the budget leaves, with latencies as predicted.
  let affordable: AffordableDepths
  /// What it takes on a host.
  let memory: MemoryDemand

  /// What is between the ranks of a plan.
  struct Network {
    var model: NetworkModel
    /// As `MeasuredNetwork.interference`.
    let interference: Double
    /// When gradients are summed there.
    let mode: CommunicationOptions.Mode

    /// The one that was measured between the ranks of a calibration.
    /// - Returns: nil if that was of one rank, or there is none.
    init?(measured calibration: Calibration?, mode: CommunicationOptions.Mode) {
      guard let calibration, let measured = calibration.network else { return nil }
      self.mode = mode.chosen(acrossHosts: calibration.layout.hosts.count > 1)
      model = self.mode == .blocking ? measured.blocking : measured.nonBlocking
      interference = measured.interference
    }

    /// One with usual numbers.
    init(_ known: NetworkModel.Known, mode: CommunicationOptions.Mode) {
      self.mode = mode.chosen(acrossHosts: known != .sharedMemory)
      model = known.model
      interference = 0
    }
  }

  /// - Parameters:
  ///   - images: what the search reads.
  ///   - ranks: those that train a level.
  ///   - warmUpRanks: those of the warm-up; nil is the same.
  ///   - hosts: the host of each rank of all groups; empty where that is not known.
  ///   - epochsPerDepth: nil for what the policy makes of it.
  /// - Throws: `CostModelError`, `SearchError`, `TrainingError` where the search would be refused for its ranks.
  init(
    _ configuration: Configuration, _ images: DatasetFacts, costs: KernelCosts, network: Network, ranks: Int,
    warmUpRanks: Int? = nil, hosts: [Int] = [], epochsPerDepth: Double?
  ) throws {
    let architecture = try configuration.architecture(depth: 1, for: images)
    var communication = configuration.communication
    communication.mode = network.mode
    let steps = StepModel(
      costs: costs, network: network.model, interference: network.interference, communication: communication,
      training: configuration.training)
    var affordable = try configuration.search.affordableDepths(of: architecture)
    if configuration.search.budget.latencyMilliseconds != nil {
      let latencies = try affordable.depths.map {
        1e3 * (try steps.forwardTime(architecture.withDepth($0), images: 1))
      }
      affordable = try configuration.search.affordableDepths(of: architecture, latencies: latencies)
    }
    let workload = try configuration.workload(images, affordable.depths, epochsPerDepth: epochsPerDepth)
    func isSound(_ ranks: Int) -> Bool {
      // Most numbers of ranks are too large, which takes no more than a division to see.
      let hasImages = ranks == 1 || workload.batch / ranks >= BatchSharing.fewestImagesPerRank
      return hasImages
        && (try? configuration.batchSharing(images, workload.architecture, ranks: ranks))?.warnings.isEmpty ?? false
    }
    batchNorm = try configuration.batchSharing(images, workload.architecture, ranks: ranks, hosts: hosts)
    let search = try SearchModel(workload, steps)
    policy = configuration.search.policy
    self.network = network.model
    threads = costs.threads
    self.workload = workload
    forecast = try search.forecast(ranks: ranks, warmUpRanks: warmUpRanks)
    self.ranks = try search.powersOfTwo(upTo: 4_096).filter(isSound).map { ranks in
      try search.forecast(ranks: ranks)
    }
    worthwhileRanks = try search.worthwhileRanks(where: isSound)
    self.affordable = affordable
    memory = try configuration.memoryDemand(images, ranks: ranks * configuration.search.groups, threads: costs.threads)
  }

  /// How the times of whole searches come about.
  var assumption: String {
    let epochs = "\(Format.decimal(workload.epochsPerDepth, 0)) epochs assumed for each depth"
    guard workload.depths.count > 1 else { return epochs }
    let exception = "; the adaptive search leaves some out, and may look beyond where it ends"
    return "\(epochs), one after the other\(policy == .adaptive ? exception : "")"
  }
}

extension CommunicationOptions.Mode {
  /// What a run makes of it within a host, or across several.
  fileprivate func chosen(acrossHosts: Bool) -> Self {
    self != .automatic ? self : acrossHosts ? .overlapped : .blocking
  }
}

extension Configuration {
  /// The search over `depths`, in as far as its time depends on it.
  fileprivate func workload(
    _ images: DatasetFacts, _ depths: ClosedRange<Int>, epochsPerDepth: Double?
  ) throws -> SearchWorkload {
    SearchWorkload(
      architecture: try architecture(depth: depths.upperBound, for: images), depths: depths,
      batch: training.batchSize,
      trainingImages: trainingCount(images), validationImages: dataset.validation ?? images.validationCount,
      warmUpEpochs: warmUp.epochs, epochsPerDepth: epochsPerDepth ?? search.expectedEpochsPerDepth)
  }

  /// The images of an epoch.
  private func trainingCount(_ images: DatasetFacts) -> Int {
    let training = max(images.trainingCount - (dataset.validation ?? images.validationCount), 1)
    return min(dataset.trainLimit ?? training, training)
  }

  /// How ranks would share the batches of a search.
  ///
  /// - Parameters:
  ///   - largest: the deepest network of the search.
  ///   - ranks: those of a group.
  ///   - hosts: the host of each rank of all groups; empty where that is not known.
  /// - Throws: `TrainingError` where the search would be refused for its ranks.
  func batchSharing(
    _ images: DatasetFacts, _ largest: Architecture, ranks: Int, hosts: [Int] = []
  ) throws(TrainingError) -> BatchSharing {
    try BatchSharing(
      ranks: ranks * search.groups, largest, trainImages: trainingCount(images), search: search, warmUp: warmUp,
      training: training, hosts: hosts)
  }

  /// The memory of a search, as far as it is known before latencies are measured.
  ///
  /// - Parameters:
  ///   - ranks: those of all groups.
  ///   - threads: threads of a rank.
  func memoryDemand(_ images: DatasetFacts, ranks: Int, threads: Int) throws -> MemoryDemand {
    let deepest = try deepestArchitecture(for: images)
    return try MemoryDemand(
      search.budget.latencyMilliseconds == nil ? deepest : deepest.withDepth(1), data: images,
      trainImages: trainingCount(images), search: search, warmUp: warmUp, training: training,
      communication: communication, ranks: ranks, threads: threads)
  }

  /// The network whose kernels tell of all depths that the search may come to, those within its budget but for latency.
  func deepestArchitecture(for images: DatasetFacts) throws -> Architecture {
    let smallest = try architecture(depth: 1, for: images)
    return try smallest.withDepth(search.affordableDepths(of: smallest).depths.upperBound)
  }

  /// - Throws: `CostModelError.unprofiled` where the kernels cannot be measured.
  func checkMeasurable() throws(CostModelError) { if training.kernels == .reference { throw .unprofiled } }

  /// The most images of a step that kernels are measured with: larger shares of a batch take proportionally longer.
  var measuredBatch: Int { min(training.batchSize, 64) }
}

extension SearchOptions {
  /// Epochs of a depth: those of the adaptive schedule, or an assumption for the published procedure.
  fileprivate var expectedEpochsPerDepth: Double {
    switch policy {
    case .paper: (SearchWorkload.publishedEpochsPerPatience * Double(patience)).rounded(.up)
    case .adaptive: Double(adaptive.epochs)
    }
  }
}
