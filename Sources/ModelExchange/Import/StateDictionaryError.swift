// Why the tensors of a PyTorch module are no network of ours, with the tensors that keep it from being one.

import NeuralNetwork

/// In what tensors differ from those of a network.
public struct TensorDifferences: Equatable, Sendable {
  /// A tensor of another shape.
  public struct Misshaped: Equatable, Sendable {
    /// Its name.
    public let name: String
    /// The network's shape.
    public let expected: [Int]
    /// The file's, up to 8 sizes of it.
    public let found: [Int]

    /// A tensor that is `found` where `expected` was expected.
    public init(name: String, expected: [Int], found: [Int]) {
      self.name = name
      self.expected = expected
      self.found = found
    }
  }

  /// What the network has and the file lacks, from the stem on.
  public var missing: [String] = []
  /// What both have, in different shapes.
  public var misshaped: [Misshaped] = []
  /// What the file has besides, by name.
  public var surplus: [String] = []

  /// No differences.
  public init() {}

  var isEmpty: Bool { missing.isEmpty && misshaped.isEmpty && surplus.isEmpty }
}

/// Why a state dictionary is not taken.
public enum StateDictionaryError: Error, Equatable, CustomStringConvertible {
  /// A tensor that every residual network has is not there, or has another number of axes than `axes` names.
  case notResNet(file: String, tensor: String, axes: [String], found: [Int]?)
  /// No family begins with these blocks.
  case unknownBlocks(file: String, depth: Int, found: [String])
  /// There is no such network.
  case impossible(file: String, ArchitectureError)
  /// The tensors are those of another network than this one.
  case tensors(file: String, Architecture, TensorDifferences)
  /// A weight is infinite or no number, or a variance below 0.
  case unsound(file: String, tensor: String, found: String)

  /// What was expected, what was found, where, and what to do.
  public var description: String {
    switch self {
    case .notResNet(let file, let tensor, let axes, let found):
      "\(file): expected the tensor \(tensor) [\(axes.joined(separator: ", "))], found "
        + "\(found.map { "it in the shape \($0)" } ?? "none of that name"): "
        + "import the state_dict() of a residual network with torchvision's names"
    case .unknownBlocks(let file, let depth, let found):
      "\(file): expected the first \(depth) blocks of a ResNet-18, 34 or 50, found \(list(found.map(quoted))): give --architecture "
        + "and --depth to see which tensors are missing"
    case .impossible(let file, let error): "\(file): there is no such network: \(error)"
    case .tensors(let file, let architecture, let differences):
      "\(file): expected the tensors of \(architecture.name) cut after \(architecture.depth) blocks, found "
        + Self.found(differences) + ": check --architecture and --depth; the stem is a 3x3 convolution without "
        + "max pooling, and the classifier reads the last block that is kept"
    case .unsound(let file, let tensor, let found):
      "\(file), tensor \(quoted(tensor)): expected \(Tensor.soundness), found \(found): export a network whose training "
        + "did not diverge"
    }
  }

  private static func found(_ differences: TensorDifferences) -> String {
    var parts: [String] = []
    if !differences.missing.isEmpty { parts.append("no \(list(differences.missing))") }
    if !differences.misshaped.isEmpty {
      parts.append(list(differences.misshaped.map { "\($0.name) of \($0.found) instead of \($0.expected)" }))
    }
    if !differences.surplus.isEmpty { parts.append("besides them \(list(differences.surplus.map(quoted)))") }
    return parts.joined(separator: "; ")
  }
}

/// The first few of many, for a message.
private func list(_ items: [String]) -> String {
  let shown = items.prefix(4).joined(separator: ", ")
  return items.isEmpty ? "none" : items.count > 4 ? "\(shown) and \(items.count - 4) more" : shown
}
