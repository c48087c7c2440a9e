// Networks from PyTorch: what is taken for one, what is not, and what its names and shapes tell.

import Foundation
import ModelExchange
import NeuralNetwork
import Testing

@Suite("State dictionaries")
struct StateDictionaryTests {
  /// The tensors of a network, as PyTorch has them.
  static func tensors(_ weights: NetworkWeights) throws -> [Tensor] {
    let directory = try TemporaryDirectory()
    try ModelFile(weights: weights).write(to: directory.file("model"))
    return try SafetensorsFile(path: directory.file("model")).tensors
  }

  static func state(_ tensors: [Tensor], metadata: [String: String] = [:]) throws -> StateDictionary {
    let directory = try TemporaryDirectory()
    try SafetensorsFile(tensors: tensors, metadata: metadata).write(to: directory.file("state"))
    return try StateDictionary(path: directory.file("state"))
  }

  /// The network that `change` makes of the tensors of ResNet-18 cut after one block.
  static func read(_ change: (inout [Tensor]) -> Void) throws -> NetworkWeights {
    var tensors = try tensors(ModelFileTests.weights(ModelFileTests.architecture()))
    change(&tensors)
    let state = try state(tensors)
    return try state.weights(of: state.architecture(input: ModelFileTests.architecture().input))
  }

  /// The differences that reading reports after `change`.
  static func differences(_ change: (inout [Tensor]) -> Void) throws -> TensorDifferences? {
    do {
      _ = try read(change)
      return nil
    } catch StateDictionaryError.tensors(_, _, let differences) {
      return differences
    }
  }

  @Test(
    "the network is told from names and shapes, and its weights are taken over",
    arguments: [
      (Architecture.Family.resnet18, 1), (.resnet18, 3), (.resnet18, 8), (.resnet34, 3), (.resnet34, 6),
      (.resnet50, 1), (.resnet50, 4),
    ])
  func families(family: Architecture.Family, depth: Int) throws {
    let weights = ModelFileTests.weights(try ModelFileTests.architecture(family, depth: depth))
    let state = try Self.state(Self.tensors(weights))
    let architecture = try state.architecture(input: weights.architecture.input)
    #expect(architecture == weights.architecture)
    let read = try state.weights(of: architecture)
    #expect(read.parameters == weights.parameters && read.statistics == weights.statistics)
    // What names cannot tell.
    #expect(try state.architecture().input == ImageShape(height: 32, width: 32, channels: 2))
    let noted = try Self.state(Self.tensors(weights), metadata: ["odn.input": "9x7x2"])
    #expect(try noted.architecture() == weights.architecture)
  }

  @Test("the width is told from the stem; its stride has to be said, or to be noted in the file")
  func variants() throws {
    let network = try ModelFileTests.architecture(depth: 3, width: 0.5, stemStride: 2)
    let weights = ModelFileTests.weights(network)
    let state = try Self.state(Self.tensors(weights))
    let told = try state.architecture(input: network.input)
    #expect(told.width == 0.5 && told.stemStride == 1)
    #expect(try state.architecture(input: network.input, stemStride: 2) == network)
    #expect(try state.weights(of: network).parameters == weights.parameters)
    let noted = try Self.state(Self.tensors(weights), metadata: ["odn.input": "9x7x2", "odn.stem_stride": "2"])
    #expect(try noted.architecture() == network)
    #expect(try noted.architecture(stemStride: 1).stemStride == 1)
    #expect(throws: StateDictionaryError.impossible(file: state.file, .stemStride(3))) {
      try state.architecture(stemStride: 3)
    }
  }

  @Test("a stem of other channels is no stem of ours, and layers of another width than the stem's are named")
  func otherWidths() throws {
    /// A stem that puts out so many channels.
    func stem(_ tensors: [Tensor], _ channels: Int) -> [Tensor] {
      tensors.map {
        guard $0.name == "conv1.weight" else { return $0 }
        return Tensor(name: $0.name, shape: [channels, 2, 3, 3], values: [Float](repeating: 0, count: channels * 18))
      }
    }
    for channels in [8, 20, 72, 512] {
      let error = #expect(throws: StateDictionaryError.self) {
        try Self.read { $0 = stem($0, channels) }
      }
      guard case .impossible(_, .width(Double(channels) / 64))? = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
    }
    let differences = try #require(try Self.differences { $0 = stem($0, 32) })
    #expect(differences.misshaped.contains(.init(name: "bn1.weight", expected: [32], found: [64])))
    #expect(!differences.misshaped.contains { $0.name == "conv1.weight" })
  }

  @Test("a family that has the same blocks can be asked for")
  func sameBlocks() throws {
    let weights = ModelFileTests.weights(try ModelFileTests.architecture(.resnet34, depth: 2))
    let state = try Self.state(Self.tensors(weights))
    #expect(try state.architecture().family == .resnet18)
    let architecture = try state.architecture(family: .resnet34, input: weights.architecture.input)
    #expect(try state.weights(of: architecture).parameters == weights.parameters)
  }

  @Test("names may stand behind those of wrapping modules", arguments: ["module.", "_orig_mod.", "module._orig_mod."])
  func wrapped(prefix: String) throws {
    let plain = try Self.read { _ in }
    let wrapped = try Self.read { tensors in
      tensors = tensors.map { Tensor(name: prefix + $0.name, shape: $0.shape, values: $0.values) }
    }
    #expect(wrapped.parameters == plain.parameters && wrapped.statistics == plain.statistics)
    // But not some of them only.
    let differences = try Self.differences { tensors in
      tensors = tensors.map {
        $0.name == "fc.bias" ? Tensor(name: prefix + $0.name, shape: $0.shape, values: $0.values) : $0
      }
    }
    #expect(differences?.missing == ["fc.bias"] && differences?.surplus == [prefix + "fc.bias"])
  }

  @Test("what batch norm has counted, 64-bit integers, is left out")
  func counts() throws {
    let header =
      #"{"bn1.num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"#
      + #""conv1.weight":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}"#
    let directory = try TemporaryDirectory()
    func path(_ header: String, _ data: [UInt8]) throws -> String {
      let length = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) }
      return try directory.write(length + Array(header.utf8) + data, as: "state")
    }
    let error = #expect(throws: StateDictionaryError.self) {
      try StateDictionary(path: path(header, [UInt8](repeating: 0, count: 12))).architecture()
    }
    guard case .notResNet(_, tensor: "fc.weight", _, found: nil)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    // Other tensors have to be floats, and types to be known.
    for (type, name) in [("I64", "conv1.weight"), ("F7", "bn1.num_batches_tracked")] {
      let other = #"{"\#(name)":{"dtype":"\#(type)","shape":[],"data_offsets":[0,8]}}"#
      let error = #expect(throws: ModelFileError.self) {
        try StateDictionary(path: path(other, [UInt8](repeating: 0, count: 8)))
      }
      guard case .malformed(_, .tensor(name), _, _)? = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
    }
  }

  @Test("all tensors that are missing, misshaped or left over are named")
  func differences() throws {
    let differences = try #require(
      try Self.differences { tensors in
        tensors.removeAll { ["bn1.bias", "layer1.0.bn2.running_var"].contains($0.name) }
        tensors.append(Tensor(name: "layer1.0.extra", shape: [1], values: [1]))
        tensors = tensors.map {
          $0.name == "fc.bias" ? Tensor(name: $0.name, shape: [3, 1], values: $0.values) : $0
        }
      })
    #expect(differences.missing == ["bn1.bias", "layer1.0.bn2.running_var"])
    #expect(differences.misshaped == [.init(name: "fc.bias", expected: [3], found: [3, 1])])
    #expect(differences.surplus == ["layer1.0.extra"])
  }

  @Test("the stem for large images is no stem of ours")
  func largeStem() throws {
    let differences = try Self.differences { tensors in
      tensors = tensors.map {
        guard $0.name == "conv1.weight" else { return $0 }
        return Tensor(name: $0.name, shape: [64, 2, 7, 7], values: [Float](repeating: 0, count: 64 * 2 * 49))
      }
    }
    #expect(differences?.misshaped == [.init(name: "conv1.weight", expected: [64, 2, 3, 3], found: [64, 2, 7, 7])])
  }

  @Test("what is no residual network, or none of a known kind, says why")
  func otherNetworks() throws {
    func error(_ change: (inout [Tensor]) -> Void) throws -> StateDictionaryError? {
      do {
        _ = try Self.read(change)
        return nil
      } catch let error as StateDictionaryError {
        return error
      }
    }
    guard
      case .notResNet(_, tensor: "conv1.weight", _, nil)? = try error({ $0.removeAll { $0.name == "conv1.weight" } })
    else { throw Unexpected() }
    guard
      case .notResNet(_, tensor: "fc.weight", _, [192]?)? = try error({ tensors in
        tensors = tensors.map { $0.name == "fc.weight" ? Tensor(name: $0.name, shape: [192], values: $0.values) : $0 }
      })
    else { throw Unexpected() }
    guard
      case .unknownBlocks(_, depth: 1, found: ["layer2.0"])? = try error({ tensors in
        tensors = tensors.map {
          Tensor(name: $0.name.replacing("layer1.0", with: "layer2.0"), shape: $0.shape, values: $0.values)
        }
      })
    else { throw Unexpected() }
    guard case .impossible(_, .depth(0, .resnet18))? = try error({ $0.removeAll { $0.name.hasPrefix("layer") } })
    else { throw Unexpected() }
    guard
      case .unsound(_, tensor: "bn1.bias", _)? = try error({ tensors in
        tensors = tensors.map {
          $0.name == "bn1.bias" ? Tensor(name: $0.name, shape: $0.shape, values: $0.values.map { $0 / 0 }) : $0
        }
      })
    else { throw Unexpected() }
  }

  struct Unexpected: Error {}

  @Test("messages name a few of many tensors, and what to do")
  func messages() throws {
    var differences = TensorDifferences()
    differences.missing = (1...6).map { "t\($0)" }
    differences.misshaped = [.init(name: "fc.bias", expected: [3], found: [4])]
    let architecture = try ModelFileTests.architecture()
    #expect(
      StateDictionaryError.tensors(file: "f", architecture, differences).description
        == "f: expected the tensors of resnet18 cut after 1 blocks, found no t1, t2, t3, t4 and 2 more; fc.bias of [4] "
        + "instead of [3]: check --architecture and --depth; the stem is a 3x3 convolution without max pooling, "
        + "and the classifier reads the last block that is kept")
  }
}
