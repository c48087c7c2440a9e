// A configuration file to begin with: every key, what it is for, and its default.

import Datasets
import NeuralNetwork

extension Configuration {
  /// A commented YAML file with every key. Those without a default are set, and where the
  /// user's own images are, to a place that is only an example; each other stands in a comment, with its
  /// default, under a line that says what it is for. Taking `# ` away before a key sets it.
  /// - Parameter target: validation accuracy to reach, in percent, 0.1 to 100 in steps of 0.1; not checked before it is
  ///   read.
  public static func template(dataset: DatasetSource, architecture: Architecture.Family, target: Double) -> String {
    var set = [
      "dataset.name": dataset.rawValue, "network.architecture": architecture.rawValue, "search.target": "\(target)",
    ]
    if dataset == .images { set["dataset.directory"] = "data/images" }
    if dataset == .npz { set["dataset.file"] = "data/images.npz" }
    var lines: [String] = []
    var sections: [Substring] = []
    for key in keys {
      let path = key.path.split(separator: ".")
      lines += headers(of: path.dropLast(), after: sections)
      sections = path.dropLast()
      let indent = String(repeating: "  ", count: sections.count)
      let name = path[sections.count]
      lines.append("\(indent)# \(key.summary) Expected: \(key.expected).")
      if let value = set[key.path] {
        lines.append("\(indent)\(name): \(value)")
      } else {
        lines.append("\(indent)# \(name): \(key.standard ?? "")")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The lines that open the sections of a path which those before it have not opened.
  private static func headers(of path: ArraySlice<Substring>, after open: [Substring]) -> [String] {
    let shared = zip(path, open).prefix { $0 == $1 }.count
    return path.enumerated().dropFirst(shared).flatMap { level, name in
      (level == 0 && !open.isEmpty ? [""] : []) + [String(repeating: "  ", count: level) + "\(name):"]
    }
  }
}
