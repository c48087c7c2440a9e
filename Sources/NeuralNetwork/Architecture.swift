// What a network is: its family, how many residual blocks it keeps, how wide it is, and what it reads and answers.

/// The shape of one image, height × width × channels (`[H, W, C]` in memory).
public struct ImageShape: Codable, Hashable, Sendable, CustomStringConvertible {
  /// Rows.
  public var height: Int
  /// Columns.
  public var width: Int
  /// Colour channels.
  public var channels: Int

  /// A shape of `height` × `width` × `channels`, each at least 1.
  public init(height: Int, width: Int, channels: Int) {
    self.height = height
    self.width = width
    self.channels = channels
  }

  /// Floats per image.
  public var count: Int { height * width * channels }

  /// For example `32x32x3`.
  public var description: String { "\(height)x\(width)x\(channels)" }

  /// Reads `32x32x3`; nil unless it is three positive integers of at most 65,535.
  public init?(_ text: some StringProtocol) {
    let sizes = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard sizes.count == 3, sizes.allSatisfy({ (1...65_535).contains($0) }) else { return nil }
    self.init(height: sizes[0], width: sizes[1], channels: sizes[2])
  }
}

/// A residual network cut after `depth` blocks, with a classifier of its own: a value that says everything needed to
/// build it. He et al., "Deep Residual Learning for Image Recognition" (2015), with the small-image stem
/// (3×3, no max-pooling).
public struct Architecture: Codable, Hashable, Sendable {
  /// The published networks whose prefixes can be built.
  public enum Family: String, Codable, CaseIterable, Sendable {
    /// Eight basic blocks.
    case resnet18
    /// Sixteen basic blocks.
    case resnet34
    /// Sixteen bottlenecks.
    case resnet50

    /// Residual blocks in each of the four stages.
    public var blocksPerStage: [Int] {
      switch self {
      case .resnet18: [2, 2, 2, 2]
      case .resnet34, .resnet50: [3, 4, 6, 3]
      }
    }

    /// The kind of residual block.
    public var blockKind: BlockKind { self == .resnet50 ? .bottleneck : .basic }

    /// Blocks of the whole network.
    public var maximumDepth: Int { blocksPerStage.reduce(0, +) }
  }

  /// The family.
  public var family: Family
  /// Residual blocks kept, 1…`family.maximumDepth`.
  public var depth: Int
  /// Classes told apart, at least 2.
  public var classes: Int
  /// The images read.
  public var input: ImageShape
  /// What the family's channels are multiplied by, in the stem and in all blocks. Zagoruyko and Komodakis, "Wide Residual
  /// Networks" (arXiv 1605.07146); below 1, Howard et al., "MobileNets" (arXiv 1704.04861).
  public var width: Double
  /// The stride of the stem's convolution. Behind 2, all activations have half the rows and columns.
  public var stemStride: Int

  /// The widths that there are, in steps of ¼: kernels need channels in multiples of 16.
  public static let widths = 0.25...4.0
  /// The strides that a stem can have.
  public static let stemStrides = [1, 2]
  /// Channels that the stem of a network of width 1 puts out.
  public static let publishedStemChannels = 64

  /// The network of a family as published is the one of `width` and `stemStride` 1.
  /// - Throws: `ArchitectureError` if no such network exists.
  public init(
    family: Family, depth: Int, classes: Int, input: ImageShape, width: Double = 1, stemStride: Int = 1
  ) throws(ArchitectureError) {
    guard (1...family.maximumDepth).contains(depth) else { throw .depth(depth, family) }
    guard (2...65_536).contains(classes) else { throw .classes(classes) }
    guard (1...4_096).contains(input.height), (1...4_096).contains(input.width), (1...64).contains(input.channels)
    else { throw .input(input) }
    guard Self.widths.contains(width), 4 * width == (4 * width).rounded() else { throw .width(width) }
    guard Self.stemStrides.contains(stemStride) else { throw .stemStride(stemStride) }
    self.family = family
    self.depth = depth
    self.classes = classes
    self.input = input
    self.width = width
    self.stemStride = stemStride
  }

  /// Reads what `encode(to:)` wrote, and refuses what `init` would. Versions that had no widths and stem strides wrote
  /// networks of 1 each.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      family: values.decode(Family.self, forKey: .family), depth: values.decode(Int.self, forKey: .depth),
      classes: values.decode(Int.self, forKey: .classes), input: values.decode(ImageShape.self, forKey: .input),
      width: values.decodeIfPresent(Double.self, forKey: .width) ?? 1,
      stemStride: values.decodeIfPresent(Int.self, forKey: .stemStride) ?? 1)
  }

  /// The same network cut after another number of blocks.
  public func withDepth(_ depth: Int) throws(ArchitectureError) -> Architecture {
    try Architecture(
      family: family, depth: depth, classes: classes, input: input, width: width, stemStride: stemStride)
  }

  /// The same network of another width.
  public func withWidth(_ width: Double) throws(ArchitectureError) -> Architecture {
    try Architecture(
      family: family, depth: depth, classes: classes, input: input, width: width, stemStride: stemStride)
  }

  /// The family, and in what the network differs from it besides its depth: for example `resnet18`, or `resnet18 of width
  /// 0.5 and stem stride 2`.
  public var name: String {
    switch (width, stemStride) {
    case (1, 1): family.rawValue
    case (_, 1): "\(family.rawValue) of width \(width)"
    case (1, _): "\(family.rawValue) of stem stride \(stemStride)"
    default: "\(family.rawValue) of width \(width) and stem stride \(stemStride)"
    }
  }

  /// Channels that the stem puts out, 16 to 256.
  public var stemChannels: Int { Int(Double(Self.publishedStemChannels) * width) }

  /// The convolution that reads the image: 3×3, followed by batch norm and ReLU.
  public var stem: ConvolutionShape {
    ConvolutionShape(
      height: input.height, width: input.width, inputChannels: input.channels, outputChannels: stemChannels, kernel: 3,
      stride: stemStride, padding: 1)
  }

  /// The blocks kept, first to last.
  public var blocks: [Block] {
    var blocks: [Block] = []
    var shape = stem.output
    for (stage, count) in family.blocksPerStage.enumerated() {
      for position in 0..<count where blocks.count < depth {
        let block = Block(
          kind: family.blockKind, index: blocks.count + 1, stage: stage + 1, position: position, input: shape,
          stageChannels: stemChannels << stage)
        blocks.append(block)
        shape = block.output
      }
    }
    return blocks
  }

  /// Every convolution, block by block from the stem on.
  public var convolutions: [ConvolutionShape] {
    [stem] + blocks.flatMap { $0.convolutions + ($0.projection.map { [$0] } ?? []) }
  }
}

/// Why an architecture cannot be built.
public enum ArchitectureError: Error, Equatable, CustomStringConvertible {
  /// The family has no such depth.
  case depth(Int, Architecture.Family)
  /// There is no classifier for so many classes.
  case classes(Int)
  /// There are no such images.
  case input(ImageShape)
  /// There is no network of this width.
  case width(Double)
  /// There is no stem with this stride.
  case stemStride(Int)

  /// What was expected and what was found.
  public var description: String {
    switch self {
    case .depth(let depth, let family):
      "\(family.rawValue) has depths 1 to \(family.maximumDepth) (one per residual block), not \(depth)"
    case .classes(let classes): "a classifier has 2 to 65536 classes, not \(classes)"
    case .input(let shape): "images are 1x1x1 to 4096x4096x64 (height, width, channels), not \(shape)"
    case .width(let width): "a width is 0.25 to 4 in steps of 0.25 (multiples of 16 channels), not \(width)"
    case .stemStride(let stride): "the stem's stride is 1 or 2, not \(stride)"
    }
  }
}
