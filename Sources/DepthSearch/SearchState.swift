// Where a search stands between two epochs: everything a policy remembers, so that a checkpoint can hold it.

/// What an epoch is for.
public enum SearchPhase: String, Codable, Sendable {
  /// Finding out whether a level can meet the target.
  case searching
  /// Getting the most out of the level that met it, or of the last one.
  case fineTuning
}

/// What is known about one level that was trained.
public struct DepthRecord: Codable, Equatable, Sendable {
  /// The level.
  public let depth: Int
  /// Epochs spent on it.
  public internal(set) var epochs = 0
  /// The validation accuracy that stands for it: at the end of a schedule that of its last epoch, else the best of its
  /// epochs. Nil before its first epoch.
  ///
  /// The best of many epochs is a maximum of noisy numbers, which promises more than the network holds; the last one of a
  /// schedule, whose rate is near 0 by then, is chosen by nothing.
  public internal(set) var accuracy: Accuracy?
  /// The epoch of the search that reached it.
  public internal(set) var accuracyEpoch: Int?
  /// The accuracies of its epochs, where they count for what follows; nil where only the best one does.
  public internal(set) var curve: [Accuracy]?

  /// The keys of files written before the accuracy of a schedule was that of its last epoch.
  private enum CodingKeys: String, CodingKey {
    case depth, epochs, curve
    case accuracy = "best"
    case accuracyEpoch = "bestEpoch"
  }

  init(depth: Int) {
    self.depth = depth
  }

  /// Takes in an epoch of this depth.
  /// - Parameter endsSchedule: whether it is the last one of a schedule.
  /// - Returns: whether it stands for the depth from now on.
  mutating func add(_ result: EpochResult, endsSchedule: Bool = false) -> Bool {
    epochs += 1
    if !endsSchedule, let accuracy, !result.validation.isBetter(than: accuracy) { return false }
    accuracy = result.validation
    accuracyEpoch = result.epoch
    return true
  }
}

/// The memory of a policy.
public struct SearchState: Codable, Equatable, Sendable {
  /// Epochs done in the whole search.
  public internal(set) var epoch = 0
  /// The level that the next epoch trains.
  public internal(set) var depth: Int
  /// The learning rate of the next epoch.
  public internal(set) var learningRate: Double
  /// The phase of the next epoch.
  public internal(set) var phase = SearchPhase.searching
  /// The accuracy to beat, in hundredths of a percent, rounded as the policy rounds.
  public internal(set) var bestHundredths = 0
  /// Epochs since that accuracy was reached or the level began.
  public internal(set) var epochsWithoutImprovement = 0
  /// The levels trained so far, in this order; the last is the one in training.
  public internal(set) var depths: [DepthRecord]
  /// How the search ended, once it is over.
  public internal(set) var outcome: Outcome?

  init(depth: Int, learningRate: Double) {
    self.depth = depth
    self.learningRate = learningRate
    depths = [DepthRecord(depth: depth)]
  }

  /// The record of the level in training.
  var current: DepthRecord {
    get { depths[depths.count - 1] }
    set { depths[depths.count - 1] = newValue }
  }

  /// Refuses a state, read from a file, that no search over `range` can be in.
  func check(in range: ClosedRange<Int>) throws(SearchError) {
    guard range.contains(depth) else {
      throw .state("expected a depth from \(range.lowerBound) to \(range.upperBound), found \(depth)")
    }
    let trained = depths.map(\.depth)
    guard trained.last == depth, Set(trained).count == trained.count, trained.allSatisfy(range.contains) else {
      throw .state("expected depths that end with \(depth), found \(trained)")
    }
    guard (0...1_000_000_000).contains(epoch), (0...epoch).contains(epochsWithoutImprovement),
      (0...10_000).contains(bestHundredths)
    else {
      throw .state("epoch \(epoch), \(epochsWithoutImprovement) without improvement, best \(bestHundredths)")
    }
    guard learningRate.isFinite, learningRate > 0 else {
      throw .state("expected a learning rate above 0, found \(learningRate)")
    }
    var epochs = 0
    for record in depths {
      guard (0...epoch - epochs).contains(record.epochs), (record.accuracy == nil) == (record.epochs == 0) else {
        throw .state("\(record.epochs) epochs at depth \(record.depth) do not fit into \(epoch)")
      }
      epochs += record.epochs
    }
    guard epochs == epoch else { throw .state("its depths have \(epochs) epochs, not \(epoch)") }
  }

  /// Refuses levels that were not trained one after the other.
  func checkOrder(from first: Int) throws(SearchError) {
    guard depths.map(\.depth) == Array(first...depth) else {
      throw .state("expected records of depths \(first) to \(depth), found \(depths.map(\.depth))")
    }
  }

  /// Refuses curves that do not belong to levels with a schedule of so many epochs.
  func checkCurves(of epochs: Int) throws(SearchError) {
    for record in depths where (record.curve ?? []).count != record.epochs || record.epochs > epochs {
      throw .state(
        "depth \(record.depth) has \(record.epochs) epochs and a curve of \(record.curve?.count ?? 0), of \(epochs)")
    }
  }
}
