// Why a network cannot be exported.

import Files
import NeuralNetwork

/// Why a network cannot be exported.
public enum ExportError: FileFormatError, Equatable, CustomStringConvertible {
  /// The system refuses to read a file.
  case unreadable(file: String, reason: String)
  /// The system refuses to write the file; what was at its place before is still there.
  case unwritable(file: String, reason: String)
  /// A weight, or what batch norm makes of it, is infinite or no number.
  case notFinite(tensor: String)
  /// The images to calibrate with are of another shape than those that the network reads.
  case imageShape(expected: ImageShape, found: ImageShape)
  /// There are no images to calibrate with.
  case noImages
  /// An activation became infinite or no number on the images that were to calibrate it.
  case diverged(activation: String)

  /// Whether the user asked for something impossible, as opposed to something that failed.
  public var isUsage: Bool {
    switch self {
    case .imageShape, .noImages: true
    case .unreadable, .unwritable, .notFinite, .diverged: false
    }
  }

  /// What was expected, what was found, and what to do.
  public var description: String {
    switch self {
    case .unreadable(let file, let reason):
      "\(file): cannot be read: \(reason); check the path and its permissions"
    case .unwritable(let file, let reason):
      "\(file): cannot be written: \(reason); check the directory, its permissions and the free space"
    case .notFinite(let tensor):
      "tensor \(tensor): expected finite numbers, found others: export a network whose training did not diverge"
    case .imageShape(let expected, let found):
      "expected images of \(expected) to calibrate with, as the network reads them, found \(found): give the "
        + "configuration that it was trained with"
    case .noImages: "expected at least one image to calibrate with, found none: raise --calibration-images"
    case .diverged(let activation):
      "activation \(activation): expected finite numbers on the images to calibrate with, found others: export a network "
        + "whose training did not diverge"
    }
  }
}
