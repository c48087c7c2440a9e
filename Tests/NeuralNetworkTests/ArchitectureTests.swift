import Foundation
import NeuralNetwork
import Testing

@Suite("Architectures cost what the published networks cost")
struct ArchitectureTests {
  /// Depth, parameters, forward multiply-adds in millions.
  typealias Row = (depth: Int, parameters: Int, multiplyAdds: Double)

  static let resnet18: [Row] = [
    (1, 75_338, 58.25), (2, 149_322, 116.06), (3, 380_106, 161.02), (4, 675_530, 218.82), (5, 1_595_850, 263.78),
    (6, 2_776_522, 321.58), (7, 6_452_170, 380.30), (8, 11_172_810, 455.80),
  ]
  static let resnet34: [Row] = [
    (1, 76_490, 77.27), (2, 150_474, 152.77), (3, 224_458, 228.26), (4, 455_242, 286.98), (5, 750_666, 362.48),
    (6, 1_046_090, 437.98), (7, 1_341_514, 513.48), (8, 2_261_834, 572.20), (9, 3_442_506, 647.69),
    (10, 4_623_178, 723.19), (11, 5_803_850, 798.69), (12, 6_984_522, 874.19), (13, 8_165_194, 949.68),
    (14, 11_840_842, 1008.41), (15, 16_561_482, 1083.91), (16, 21_282_122, 1159.40),
  ]
  static let resnet50: [Row] = [
    (1, 79_434, 77.27), (2, 149_834, 148.57), (3, 220_234, 219.88), (4, 602_186, 341.51), (8, 2_959_946, 677.06),
    (11, 6_311_498, 890.97), (14, 14_595_658, 1155.22), (16, 23_520_842, 1297.83),
  ]
  static let grey = ImageShape(height: 28, width: 28, channels: 1)
  static let colour = ImageShape(height: 32, width: 32, channels: 3)

  @Test("ResNet-18 at 28x28x1", arguments: resnet18)
  func smallest(row: Row) throws { try expect(.resnet18, Self.grey, row) }

  @Test("ResNet-34 at 32x32x3", arguments: resnet34)
  func middle(row: Row) throws { try expect(.resnet34, Self.colour, row) }

  @Test("ResNet-50 at 32x32x3", arguments: resnet50)
  func largest(row: Row) throws { try expect(.resnet50, Self.colour, row) }

  private func expect(_ family: Architecture.Family, _ input: ImageShape, _ row: Row) throws {
    let architecture = try Architecture(family: family, depth: row.depth, classes: 10, input: input)
    #expect(architecture.parameterCount == row.parameters)
    #expect((Double(architecture.multiplyAdds) / 1e4).rounded() == (row.multiplyAdds * 100).rounded())
    let layout = NetworkLayout(architecture, heads: .deepest)
    #expect(layout.parameters.reduce(0) { $0 + $1.range.count } == row.parameters)
  }

  @Test("one colour channel instead of three saves 1,152 parameters")
  func channels() throws {
    let colour = try Architecture(family: .resnet34, depth: 6, classes: 10, input: Self.colour)
    let grey = try Architecture(family: .resnet34, depth: 6, classes: 10, input: Self.grey)
    #expect(colour.parameterCount - grey.parameterCount == 1_152)
  }

  @Test(
    "the paper's networks are smaller by the published percentages",
    arguments: [
      (Architecture.Family.resnet18, 2, grey, 98.66), (.resnet34, 5, colour, 96.47), (.resnet34, 6, grey, 95.09),
      (.resnet50, 11, colour, 73.17),
    ])
  func reduction(family: Architecture.Family, depth: Int, input: ImageShape, percent: Double) throws {
    let architecture = try Architecture(family: family, depth: depth, classes: 10, input: input)
    #expect((architecture.reduction.parameters * 100).rounded() == (percent * 100).rounded())
  }

  @Test("by multiply-adds the saving is far smaller")
  func multiplyAddReduction() throws {
    let small = try Architecture(family: .resnet18, depth: 2, classes: 10, input: Self.grey)
    let middle = try Architecture(family: .resnet34, depth: 5, classes: 10, input: Self.colour)
    #expect((small.reduction.multiplyAdds * 10).rounded() == 745)
    #expect((middle.reduction.multiplyAdds * 10).rounded() == 687)
  }

  @Test("the peak activation is the first basic block's two tensors and its shortcut, at any depth")
  func peakActivation() throws {
    for depth in [1, 6, 16] {
      let architecture = try Architecture(family: .resnet34, depth: depth, classes: 10, input: Self.colour)
      #expect(architecture.peakActivationCount == 3 * 32 * 32 * 64)
    }
  }

  @Test("half the width halves the channels of every layer")
  func narrow() throws {
    let network = try Architecture(family: .resnet18, depth: 3, classes: 10, input: Self.grey, width: 0.5)
    let stem = 9 * 1 * 32 + 2 * 32
    let block = 2 * (9 * 32 * 32 + 2 * 32)
    let widening = 9 * 32 * 64 + 9 * 64 * 64 + 32 * 64 + 3 * 2 * 64
    #expect(network.parameterCount == stem + 2 * block + widening + 64 * 10 + 10)
    let products = 28 * 28 * (9 * 32 + 4 * 9 * 32 * 32) + 14 * 14 * (9 * 32 * 64 + 9 * 64 * 64 + 32 * 64) + 64 * 10
    #expect(network.multiplyAdds == products)
    #expect(network.peakActivationCount == 3 * 28 * 28 * 32)
    #expect(network.name == "resnet18 of width 0.5")
  }

  @Test("a wider bottleneck widens all its convolutions")
  func wide() throws {
    let network = try Architecture(family: .resnet50, depth: 1, classes: 10, input: Self.colour, width: 1.5)
    let stem = 9 * 3 * 96 + 2 * 96
    let block = 96 * 96 + 9 * 96 * 96 + 96 * 384 + 2 * (96 + 96 + 384)
    let projection = 96 * 384 + 2 * 384
    #expect(network.parameterCount == stem + block + projection + 384 * 10 + 10)
    #expect(network.reduction.parameters > 0, "against the whole network of the same width")
  }

  @Test("a strided stem leaves the parameters and a quarter of the activations")
  func strided() throws {
    for depth in [1, 4, 8] {
      let whole = try Architecture(family: .resnet18, depth: depth, classes: 10, input: Self.colour)
      let strided = try Architecture(
        family: .resnet18, depth: depth, classes: 10, input: Self.colour, stemStride: 2)
      #expect(strided.parameterCount == whole.parameterCount)
      #expect(4 * strided.peakActivationCount == whole.peakActivationCount)
      #expect(strided.blocks[0].input == ImageShape(height: 16, width: 16, channels: 64))
    }
    let odd = ImageShape(height: 9, width: 7, channels: 2)
    let network = try Architecture(family: .resnet18, depth: 1, classes: 3, input: odd, stemStride: 2)
    #expect(network.multiplyAdds == 5 * 4 * (9 * 2 * 64 + 2 * 9 * 64 * 64) + 64 * 3)
    #expect(network.name == "resnet18 of stem stride 2")
  }

  @Test("every width has channels in multiples of 16")
  func vectors() throws {
    for width in stride(from: 0.25, through: 4, by: 0.25) {
      for family in Architecture.Family.allCases {
        let whole = try Architecture(
          family: family, depth: family.maximumDepth, classes: 2, input: Self.grey, width: width)
        #expect(whole.convolutions.allSatisfy { $0.outputChannels % 16 == 0 })
        #expect(whole.stem.outputChannels == whole.stemChannels)
      }
    }
  }

  @Test("what is written is read back; what has no width and stem stride is of 1 each; other ones are refused")
  func coding() throws {
    let network = try Architecture(
      family: .resnet34, depth: 6, classes: 10, input: Self.colour, width: 0.75, stemStride: 2)
    #expect(try JSONDecoder().decode(Architecture.self, from: JSONEncoder().encode(network)) == network)
    #expect(try network.withDepth(2).width == 0.75 && network.withDepth(2).stemStride == 2)
    func read(_ more: String) throws -> Architecture {
      let input = #""input":{"height":28,"width":28,"channels":1}"#
      let text = #"{"family":"resnet18","depth":2,"classes":10,\#(input)\#(more)}"#
      return try JSONDecoder().decode(Architecture.self, from: Data(text.utf8))
    }
    #expect(try read("") == Architecture(family: .resnet18, depth: 2, classes: 10, input: Self.grey))
    #expect(throws: ArchitectureError.width(64)) { try read(#","width":64"#) }
    #expect(throws: ArchitectureError.stemStride(0)) { try read(#","stemStride":0"#) }
  }

  @Test("widths are quarters from 0.25 to 4", arguments: [0, 0.3, 0.125, 4.25, -1, .infinity, .nan, 1e300] as [Double])
  func widths(wrong: Double) throws {
    let error = #expect(throws: ArchitectureError.self) {
      try Architecture(family: .resnet18, depth: 1, classes: 10, input: Self.grey, width: wrong)
    }
    #expect(error?.description == "a width is 0.25 to 4 in steps of 0.25 (multiples of 16 channels), not \(wrong)")
  }

  @Test("impossible networks are refused with what is possible")
  func refusals() {
    #expect(throws: ArchitectureError.stemStride(3)) {
      try Architecture(family: .resnet18, depth: 1, classes: 10, input: Self.grey, stemStride: 3)
    }
    #expect(throws: ArchitectureError.depth(9, .resnet18)) {
      try Architecture(family: .resnet18, depth: 9, classes: 10, input: Self.grey)
    }
    #expect(throws: ArchitectureError.depth(0, .resnet50)) {
      try Architecture(family: .resnet50, depth: 0, classes: 10, input: Self.grey)
    }
    #expect(throws: ArchitectureError.classes(1)) {
      try Architecture(family: .resnet18, depth: 1, classes: 1, input: Self.grey)
    }
    let empty = ImageShape(height: 0, width: 28, channels: 1)
    #expect(throws: ArchitectureError.input(empty)) {
      try Architecture(family: .resnet18, depth: 1, classes: 10, input: empty)
    }
    #expect("\(ArchitectureError.depth(9, .resnet18))".contains("1 to 8"))
  }

  @Test(
    "image shapes are read as height x width x channels", arguments: ["28x28", "0x1x1", "axbxc", "1x2x3x4", "-1x2x3"])
  func shapes(wrong: String) {
    #expect(ImageShape("32x28x3") == ImageShape(height: 32, width: 28, channels: 3))
    #expect(ImageShape(wrong) == nil)
  }
}
