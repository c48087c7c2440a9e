// The sizes of a two-dimensional convolution, and what follows from them.

/// A square-kernel convolution without bias on `[N, H, W, C]` images. Weights lie as `[kernel, kernel, in, out]`.
public struct ConvolutionShape: Codable, Hashable, Sendable {
  /// Input rows.
  public let height: Int
  /// Input columns.
  public let width: Int
  /// Input channels.
  public let inputChannels: Int
  /// Output channels.
  public let outputChannels: Int
  /// Rows and columns of the kernel.
  public let kernel: Int
  /// Step between outputs, in both directions.
  public let stride: Int
  /// Zeros around the image, on each side.
  public let padding: Int

  /// All sizes are at least 1, `padding` at least 0, and the padded image at least as large as the kernel.
  public init(
    height: Int, width: Int, inputChannels: Int, outputChannels: Int, kernel: Int, stride: Int, padding: Int
  ) {
    require(
      min(height, width, inputChannels, outputChannels) >= 1 && min(kernel, stride) >= 1 && padding >= 0,
      "sizes of a convolution are positive")
    require(min(height, width) + 2 * padding >= kernel, "the kernel is larger than the padded image")
    self.height = height
    self.width = width
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
  }

  /// Output rows.
  public var outputHeight: Int { (height + 2 * padding - kernel) / stride + 1 }
  /// Output columns.
  public var outputWidth: Int { (width + 2 * padding - kernel) / stride + 1 }
  /// Floats of one input image.
  public var inputCount: Int { height * width * inputChannels }
  /// Floats of one output image.
  public var outputCount: Int { outputHeight * outputWidth * outputChannels }
  /// Floats of the weights.
  public var weightCount: Int { kernel * kernel * inputChannels * outputChannels }
  /// Multiply-adds of a forward pass over one image, padding counted.
  public var multiplyAdds: Int { outputHeight * outputWidth * weightCount }
}
