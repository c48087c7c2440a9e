// One residual block as a description: its convolutions and shapes, without any weights.

@_exported import struct NumericKernels.ConvolutionShape

/// The two residual blocks of the ResNet paper.
public enum BlockKind: String, Codable, Sendable {
  /// Two 3×3 convolutions, the first carries the stride.
  case basic
  /// 1×1 to a quarter of the channels, 3×3 that carries the stride, 1×1 back to all channels.
  case bottleneck
}

/// A residual block: `relu(convolutions(x) + shortcut(x))`, the shortcut being the identity where shapes allow it and
/// else a strided 1×1 convolution with batch norm.
public struct Block: Hashable, Sendable {
  /// The kind.
  public let kind: BlockKind
  /// Its place in the network, from 1; also the depth of the level that ends with it.
  public let index: Int
  /// Its stage, from 1.
  public let stage: Int
  /// Its place in the stage, from 0.
  public let position: Int
  /// The shape it reads, per image.
  public let input: ImageShape
  /// The convolutions on the main path, first to last. Each is followed by batch norm, all but the last by ReLU.
  public let convolutions: [ConvolutionShape]
  /// The projection on the shortcut, where input and output differ in shape.
  public let projection: ConvolutionShape?

  /// - Parameter stageChannels: channels of the stage's 3×3 convolutions.
  init(kind: BlockKind, index: Int, stage: Int, position: Int, input: ImageShape, stageChannels: Int) {
    self.kind = kind
    self.index = index
    self.stage = stage
    self.position = position
    self.input = input
    let stride = position == 0 && stage > 1 ? 2 : 1
    func convolution(_ shape: ImageShape, _ channels: Int, kernel: Int, stride: Int) -> ConvolutionShape {
      ConvolutionShape(
        height: shape.height, width: shape.width, inputChannels: shape.channels, outputChannels: channels,
        kernel: kernel, stride: stride, padding: kernel / 2)
    }
    switch kind {
    case .basic:
      let first = convolution(input, stageChannels, kernel: 3, stride: stride)
      convolutions = [first, convolution(first.output, stageChannels, kernel: 3, stride: 1)]
    case .bottleneck:
      let first = convolution(input, stageChannels, kernel: 1, stride: 1)
      let second = convolution(first.output, stageChannels, kernel: 3, stride: stride)
      convolutions = [first, second, convolution(second.output, 4 * stageChannels, kernel: 1, stride: 1)]
    }
    let channels = convolutions[convolutions.count - 1].outputChannels
    let fits = stride == 1 && input.channels == channels
    projection = fits ? nil : convolution(input, channels, kernel: 1, stride: stride)
  }

  /// The shape it puts out, per image.
  public var output: ImageShape { convolutions[convolutions.count - 1].output }
}

extension ConvolutionShape {
  /// What the convolution puts out, per image.
  public var output: ImageShape {
    ImageShape(height: outputHeight, width: outputWidth, channels: outputChannels)
  }
}
