// The data sets known by name. Each has one short file in Catalogue/ that says everything about it.

/// A data set that can be asked for by name.
public enum DatasetName: String, Codable, CaseIterable, Sendable, CustomStringConvertible {
  case mnist
  case fashionMNIST = "fashion-mnist"
  case emnistLetters = "emnist-letters"
  case cifar10
  case cifar100
  case svhn

  /// Everything known about it.
  public var descriptor: DatasetDescriptor {
    switch self {
    case .mnist: .mnist
    case .fashionMNIST: .fashionMNIST
    case .emnistLetters: .emnistLetters
    case .cifar10: .cifar10
    case .cifar100: .cifar100
    case .svhn: .svhn
    }
  }

  /// The name, as a configuration spells it.
  public var description: String { rawValue }
}
