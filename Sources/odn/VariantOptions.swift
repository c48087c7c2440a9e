// Options that say which network is meant, where no configuration does.

import ArgumentParser
import NeuralNetwork

extension Architecture.Family: ExpressibleByArgument {}

extension ImageShape: ExpressibleByArgument {
  /// Height, width and channels, as in `32x32x3`.
  public init?(argument: String) { self.init(argument) }
}

/// In what a network differs from the published ones besides its depth.
struct VariantOptions: ParsableArguments {
  @Option(help: "What its channels are multiplied by: 0.25 to 4 in steps of 0.25.")
  var width = 1.0

  @Option(help: "The stride of its first convolution, 1 or 2.")
  var stemStride = 1

  /// - Throws: `ArchitectureError` if there is no such network.
  func network(
    _ family: Architecture.Family, depth: Int, classes: Int, input: ImageShape
  ) throws(ArchitectureError) -> Architecture {
    try Architecture(
      family: family, depth: depth, classes: classes, input: input, width: width, stemStride: stemStride)
  }
}
