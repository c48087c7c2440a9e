// How bytes become the floats that a network reads.

import Files

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

  /// The mean and standard deviation of the pixels of `images`, of which there is one at least: sums of whole numbers,
  /// which no order of adding changes. A channel that is the same everywhere has a deviation of 1.
  public init(of images: DatasetSplit) {
    let channels = images.dataset.channels
    var sums = [UInt64](repeating: 0, count: channels)
    var squares = [UInt64](repeating: 0, count: channels)
    for index in 0..<images.count {
      var channel = 0
      for pixel in images.image(at: index) {
        sums[channel] += UInt64(pixel)
        squares[channel] += UInt64(pixel) * UInt64(pixel)
        channel = channel + 1 == channels ? 0 : channel + 1
      }
      if index % 4_096 == 0 { LongWork.progressed() }
    }
    let count = images.count * images.dataset.height * images.dataset.width
    let means = sums.map { Double($0) / Double(count) / 255 }
    let deviations = zip(squares, sums).map { square, sum in
      // count² times the variance, exactly.
      let spread = UInt128(count) * UInt128(square) - UInt128(sum) * UInt128(sum)
      return spread == 0 ? 1 : Double(spread).squareRoot() / Double(count) / 255
    }
    self.init(mean: means.map(Float.init), standardDeviation: deviations.map(Float.init))
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
