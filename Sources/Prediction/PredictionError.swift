// Why a saved network cannot be asked about pictures.

/// What a saved network lacks.
public enum PredictionError: Error, Equatable, CustomStringConvertible {
  /// Its file does not say how pixels become what it reads.
  case noNormalization(file: String)
  /// It reads images that are neither grey nor coloured.
  case channels(file: String, Int)
  /// Files that were to be classified and could not be read, each of which has been named.
  case unreadable(files: Int, of: Int)
  /// There are no shallower networks beside it that could answer first.
  case noShallowerNetworks(file: String, directory: String)

  /// What was expected, what was found, and what to do.
  public var description: String {
    switch self {
    case .noNormalization(let file):
      "\(file): expected the normalization of its images in its metadata, found none: import the network again, with "
        + "--dataset or with --mean and --std"
    case .channels(let file, let channels):
      "\(file): expected a network for images of 1 or 3 channels, found one for \(channels): pictures have no such"
    case .unreadable(let files, let all):
      "expected \(all) files of pictures, found \(all - files) that can be read: see what is said of the others above"
    case .noShallowerNetworks(let file, let directory):
      "\(directory): expected shallower networks (depth-DD.safetensors) of the same search beside \(file), found none: "
        + "name the odn.safetensors in the directory of a search that tried more than one depth"
    }
  }
}
