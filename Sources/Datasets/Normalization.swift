// How bytes become the floats that a network reads.

/// Turns a pixel x of 0…255 in channel c into (x/255 − mean[c]) / standardDeviation[c].
public struct Normalization: Codable, Equatable, Sendable {
  /// Mean of each channel, on the scale of 0…1.
  public let mean: [Float]
  /// Standard deviation of each channel, on the scale of 0…1.
  public let standardDeviation: [Float]

  /// One mean and one positive standard deviation per channel.
  public init(mean: [Float], standardDeviation: [Float]) {
    precondition(mean.count == standardDeviation.count && !mean.isEmpty, "every channel has a mean and a deviation")
    precondition(standardDeviation.allSatisfy { $0 > 0 }, "a standard deviation is positive")
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  /// Pixels scaled to 0…1 and nothing else.
  public static func unitInterval(channels: Int) -> Normalization {
    Normalization(mean: Array(repeating: 0, count: channels), standardDeviation: Array(repeating: 1, count: channels))
  }

  /// Number of channels.
  public var channels: Int { mean.count }

  /// The float for a pixel of `channel`.
  public func value(_ pixel: UInt8, channel: Int) -> Float {
    (Float(pixel) / 255 - mean[channel]) / standardDeviation[channel]
  }

  /// The floats for all pixels, `[channels, 256]`.
  var table: [Float] {
    (0..<channels).flatMap { channel in (0...255).map { value(UInt8($0), channel: channel) } }
  }
}
