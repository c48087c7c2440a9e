// What a network costs: parameters, multiply-adds and activations, counted exactly from its description.

extension Architecture {
  /// Trained numbers: convolutions, batch-norm weights and biases, and the network's own classifier.
  public var parameterCount: Int {
    let normalized = convolutions.reduce(0) { $0 + $1.weightCount + 2 * $1.outputChannels }
    return normalized + features * classes + classes
  }

  /// Size of the parameters as 32-bit floats, in MB of 10⁶ bytes.
  public var megabytes: Double { Double(4 * parameterCount) / 1e6 }

  /// Multiply-adds of classifying one image; border zeros count, batch norm and pooling do not.
  public var multiplyAdds: Int { convolutions.reduce(0) { $0 + $1.multiplyAdds } + features * classes }

  /// Channels that the classifier reads: those of the last block.
  public var features: Int { (blocks.last?.output ?? stem.output).channels }

  /// The most floats that are alive at once while one image is classified: for each convolution its input, its output
  /// and what the shortcut holds, with batch norm folded into the convolution and the sum taken in place.
  public var peakActivationCount: Int {
    blocks.reduce(stem.inputCount + stem.outputCount) { max($0, $1.peakActivationCount) }
  }

  /// `peakActivationCount` as 32-bit floats, in MB of 10⁶ bytes.
  public var peakActivationMegabytes: Double { Double(4 * peakActivationCount) / 1e6 }

  /// How much smaller this network is than the whole one of its family, width and stem stride, in percent.
  public var reduction: Reduction {
    let whole = (try? withDepth(family.maximumDepth)) ?? self
    func percent(_ part: Int, _ all: Int) -> Double { 100 * (1 - Double(part) / Double(all)) }
    return Reduction(
      parameters: percent(parameterCount, whole.parameterCount), multiplyAdds: percent(multiplyAdds, whole.multiplyAdds)
    )
  }

  /// What was saved against the whole network. Depth saves far fewer multiply-adds than parameters: quote both.
  public struct Reduction: Codable, Hashable, Sendable {
    /// Percent of the parameters.
    public let parameters: Double
    /// Percent of the multiply-adds.
    public let multiplyAdds: Double
  }
}

extension Block {
  var peakActivationCount: Int {
    let held = projection?.outputCount ?? input.count
    var peak = convolutions[0].inputCount + convolutions[0].outputCount + (projection?.outputCount ?? 0)
    for convolution in convolutions.dropFirst() {
      peak = max(peak, convolution.inputCount + convolution.outputCount + held)
    }
    return peak
  }
}
