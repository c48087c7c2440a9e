// What a depth search aims at, which procedure leads it, and how patient that is.

import Foundation

/// The settings of a depth search.
public struct SearchOptions: Codable, Equatable, Sendable {
  /// The procedures that can lead a search.
  public enum Policy: String, Codable, CaseIterable, Sendable {
    /// Progressive depth expansion as published (`PaperPolicy`).
    case paper
    /// Short schedules and a bracket around the answer (`AdaptivePolicy`).
    case adaptive
  }

  /// What a search looks for.
  public enum Objective: String, Codable, CaseIterable, Sendable {
    /// The shallowest level that meets the target.
    case target
    /// The level with the best validation accuracy of those within the budget; the shallowest one whose accuracy is lower by
    /// at most the standard error of the best one's.
    case bestWithinBudget = "best-within-budget"
    /// The level where accuracy against the logarithm of the parameters bends most: its `h_d` in `Knee` is the greatest.
    case knee
  }

  /// The weights that a level starts from when the search grows onto it.
  public enum Restart: String, Codable, CaseIterable, Sendable {
    /// All weights go back to those at the end of the warm-up, as published.
    case warmup
    /// The trained blocks stay; only the new block and its classifier come from the warm-up.
    case inherit
  }

  /// What a new level has to beat before its patience starts again.
  public enum BestAfterGrowth: String, Codable, CaseIterable, Sendable {
    /// Only itself: the best accuracy starts again at zero. The published code does this.
    case reset
    /// The best of all levels before it. The published logs were made this way.
    case keep
  }

  /// When and how far the learning rate falls.
  public struct Plateau: Codable, Equatable, Sendable {
    /// Epochs without improvement between two reductions, at least 1.
    public var epochs: Int
    /// What each reduction multiplies the rate by, above 0 and at most 1.
    public var factor: Double

    /// A reduction by `factor` every `epochs` epochs without improvement.
    public init(epochs: Int = 5, factor: Double = 0.6) {
      self.epochs = epochs
      self.factor = factor
    }
  }

  /// The procedure that decides.
  public var policy: Policy
  /// What is looked for; other objectives than a target need the adaptive procedure.
  public var objective: Objective
  /// The validation accuracy aimed at, in percent, a multiple of 0.1: accuracies are compared rounded to that. Like the
  /// tolerance of no account for other objectives.
  public var target: Double
  /// How far below the target still counts as met, in points of a percent, a multiple of 0.1 below `target`.
  public var tolerance: Double
  /// The level that the search starts with, from 1.
  public var initialDepth: Int
  /// The deepest level that may be tried; nil is the whole network.
  public var maximumDepth: Int?
  /// What the network found may cost: deeper levels are never tried.
  public var budget: Budget
  /// Epochs without improvement after which a level is given up, or its fine-tuning ends; at least 1.
  public var patience: Int
  /// The weights that a new level starts from.
  public var restart: Restart
  /// Whether a new level has to beat the levels before it.
  public var bestAfterGrowth: BestAfterGrowth
  /// How the learning rate falls while nothing improves.
  public var plateau: Plateau
  /// A new level's learning rate, as a multiple of the first level's.
  public var growthRateFactor: Double
  /// An upper bound on the epochs of the whole search, at least 1; nil is none.
  public var epochLimit: Int?
  /// Groups of equally many ranks, each of which trains another level at the same time; at least 1, a divisor of the
  /// number of ranks. More than one needs levels that do not depend on each other.
  public var groups: Int
  /// How the adaptive procedure trains a level and goes on to another; of no account for the published one.
  public var adaptive: AdaptiveOptions

  /// The adaptive procedure by default; what the published one goes by has the published defaults.
  public init(
    policy: Policy = .adaptive, objective: Objective = .target, target: Double, tolerance: Double = 0.5,
    initialDepth: Int = 1, maximumDepth: Int? = nil,
    budget: Budget = Budget(), patience: Int = 23, restart: Restart = .warmup,
    bestAfterGrowth: BestAfterGrowth = .reset,
    plateau: Plateau = Plateau(), growthRateFactor: Double = 0.5, epochLimit: Int? = nil, groups: Int = 1,
    adaptive: AdaptiveOptions = AdaptiveOptions()
  ) {
    self.policy = policy
    self.objective = objective
    self.target = target
    self.tolerance = tolerance
    self.initialDepth = initialDepth
    self.maximumDepth = maximumDepth
    self.budget = budget
    self.patience = patience
    self.restart = restart
    self.bestAfterGrowth = bestAfterGrowth
    self.plateau = plateau
    self.growthRateFactor = growthRateFactor
    self.epochLimit = epochLimit
    self.groups = groups
    self.adaptive = adaptive
  }

  /// Whether a level's training depends on no other level's, but only on the warm-up.
  public var levelsAreIndependent: Bool {
    guard restart == .warmup, epochLimit == nil else { return false }
    return switch policy {
    case .paper: bestAfterGrowth == .reset
    // A level is given up by the course of another one.
    case .adaptive: objective == .target && adaptive.confidence == 1
    }
  }

  /// The same options for a baseline that trains one level only, on all ranks and whatever it costs: the search starts at
  /// its maximum depth.
  public func atFixedDepth(_ depth: Int) -> SearchOptions {
    var options = self
    options.groups = 1
    options.initialDepth = depth
    options.maximumDepth = depth
    options.budget = Budget()
    return options
  }

  /// The levels that a search in `family` may visit.
  /// - Throws: `SearchError.depths` unless 1 ≤ `initialDepth` ≤ `maximumDepth` ≤ the family's maximum.
  public func depths(in family: Architecture.Family) throws(SearchError) -> ClosedRange<Int> {
    let last = maximumDepth ?? family.maximumDepth
    guard initialDepth >= 1, initialDepth <= last, last <= family.maximumDepth else {
      throw .depths(initial: initialDepth, maximum: last, family)
    }
    return initialDepth...last
  }

  /// The policy that these options name, at its start or where `state` left it.
  /// - Parameters:
  ///   - network: what is searched, at any depth.
  ///   - learningRate: the first level's learning rate.
  ///   - level: a level to begin with as if the search had just grown onto it, for training it by itself: it ends with
  ///     the first decision that `endsLevel`. Only for levels that are independent.
  /// - Throws: `SearchError` if the family lacks these depths, the procedure does not have this objective, or the state or
  ///   the level is not one of this search.
  public func makePolicy(
    for network: Architecture, learningRate: Double, level: Int? = nil, resuming state: SearchState? = nil
  ) throws(SearchError) -> any DepthPolicy {
    switch policy {
    case .paper:
      guard objective == .target else { throw .objective(objective) }
      return try PaperPolicy(
        options: self, family: network.family, learningRate: learningRate, level: level, resuming: state)
    case .adaptive:
      return try AdaptivePolicy(
        options: self, network: network, learningRate: learningRate, level: level, resuming: state)
    }
  }
}

/// Why a search cannot start.
public enum SearchError: Error, Equatable, CustomStringConvertible {
  case depths(initial: Int, maximum: Int, Architecture.Family)
  /// The shallowest depth is beyond the budget, which networks of another width or stem stride are within.
  case budget(ExcludedDepth, alternatives: [Architecture])
  /// The published procedure has a target and nothing else.
  case objective(SearchOptions.Objective)
  case level(Int, of: ClosedRange<Int>)
  case dependentLevels(groups: Int)
  /// A network that always gives the most frequent class has this validation accuracy in percent, and meets the target.
  case targetByChance(threshold: Double, chance: Double, mostFrequentClass: String)
  case state(String)

  /// What was expected and what was found.
  public var description: String {
    switch self {
    case .depths(let initial, let maximum, let family):
      """
      a search in \(family.rawValue) needs 1 <= initial depth <= maximum depth <= \(family.maximumDepth), \
      not \(initial) and \(maximum)
      """
    case .budget(let excess, let alternatives):
      """
      \(excess), and it is the shallowest: raise that limit, or set \
      \(alternatives.isEmpty ? "a smaller network.width" : alternatives.map(\.variantKeys).joined(separator: ", or "))
      """
    case .objective(let objective):
      "search.objective: \(objective.rawValue) needs search.policy: adaptive; the paper's policy ends where a target is met"
    case .level(let depth, let depths):
      "expected a level from \(depths.lowerBound) to \(depths.upperBound), found \(depth)"
    case .dependentLevels(let groups):
      """
      \(groups) groups of ranks cannot train levels at the same time that depend on each other: set search.restart to \
      warmup, search.epochLimit to null, and search.bestAfterGrowth to reset for the paper's policy, or \
      search.adaptive.confidence to 1 and search.objective to target for the adaptive one; or search.groups to 1
      """
    case .targetByChance(let threshold, let chance, let name):
      """
      search.target: guessing meets \(threshold) % (target minus tolerance): a network that always answers \(name) has a \
      validation accuracy of \(String(format: "%.2f", chance)) %; set a higher target
      """
    case .state(let problem): "the saved search state does not belong to this search: \(problem)"
    }
  }
}
