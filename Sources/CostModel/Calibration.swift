// What a machine and the network between its ranks were measured to take: all that predictions need.

import DistributedTraining

/// Measured constants of the hosts that searches are to run on.
public struct Calibration: Codable, Equatable, Sendable {
  /// The ranks that were measured, all at the same time, so that what they contend for on a host is in the numbers.
  public let layout: RunLayout
  /// The kernels of the slowest rank.
  public let costs: KernelCosts
  /// What is between the ranks; nil of one rank.
  public let network: MeasuredNetwork?

  /// A calibration made in code.
  public init(layout: RunLayout, costs: KernelCosts, network: MeasuredNetwork?) {
    self.layout = layout
    self.costs = costs
    self.network = network
  }
}
