// How an IDX file holds its images, where a saved network is asked about one.

import ArgumentParser
import Datasets
import Prediction

/// The option of commands that show IDX files to a saved network.
struct IDXOptions: ParsableArguments {
  enum Order: String, CaseIterable, ExpressibleByArgument {
    case upright
    case transposed
  }

  @Option(
    help: """
      How images are stored in IDX files: upright as in MNIST's, or transposed as in EMNIST's. (default: as in the files of \
      the network's data set; a published file as it is published)
      """)
  var idxOrder: Order?

  /// How files that are not recognized hold images, for this network.
  func layout(for network: SavedNetwork) -> IDXLayout {
    var layout = network.idxLayout
    if let idxOrder { layout.isTransposed = idxOrder == .transposed }
    return layout
  }

  /// Whether the images in the IDX file at `path` are to be turned for this network.
  func isTransposed(_ path: String, for network: SavedNetwork) -> Bool {
    let layout = layout(for: network)
    return idxOrder == nil ? IDXLayout.ofFile(path, otherwise: layout).isTransposed : layout.isTransposed
  }
}
