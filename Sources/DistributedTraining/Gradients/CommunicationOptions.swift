// How ranks talk to each other: plain values, whose ranges are checked where they are read.

/// How ranks exchange gradients.
public struct CommunicationOptions: Codable, Equatable, Sendable {
  /// When gradients are summed.
  public enum Mode: String, Codable, CaseIterable, Sendable {
    /// `overlapped` if the ranks are on several hosts, `blocking` on one, where messages cost less than their overlap.
    case automatic
    /// While the backward pass goes on: each bucket from the moment that it is complete.
    case overlapped
    /// After the backward pass.
    case blocking
  }

  /// What gradients are on their way.
  public enum Compression: String, Codable, CaseIterable, Sendable {
    /// 32-bit floats.
    case none
    /// Rounded to 16 bits and added as 32; what rounding takes away is added in the next step.
    case bf16
  }

  /// The size of the pieces in which gradients are summed over the ranks, in 10⁶ bytes of 32-bit floats, above 0.
  public var bucketMegabytes: Double
  /// When they are summed.
  public var mode: Mode
  /// What they are on their way.
  public var compression: Compression

  /// Options with the default bucket size.
  public init(bucketMegabytes: Double = 2, mode: Mode = .automatic, compression: Compression = .none) {
    self.bucketMegabytes = bucketMegabytes
    self.mode = mode
    self.compression = compression
  }
}
