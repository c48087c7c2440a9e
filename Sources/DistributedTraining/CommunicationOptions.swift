// How ranks talk to each other: plain values, whose ranges are checked where they are read.

/// How ranks exchange gradients.
public struct CommunicationOptions: Codable, Equatable, Sendable {
  /// The size of the pieces in which gradients are summed over the ranks, in 10⁶ bytes, above 0.
  public var bucketMegabytes: Double

  /// Options with the default bucket size.
  public init(bucketMegabytes: Double = 2) {
    self.bucketMegabytes = bucketMegabytes
  }
}
