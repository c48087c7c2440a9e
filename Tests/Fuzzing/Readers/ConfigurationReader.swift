// The reader of configurations.

import Configuration

extension FuzzReader {
  /// YAML; behind a zero byte, overrides, one per line.
  static let configuration = FuzzReader(name: "configuration") { bytes in
    let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    let yaml = String(decoding: parts[0], as: UTF8.self)
    let settings = parts.count == 1 ? [] : String(decoding: parts[1], as: UTF8.self).split(separator: "\n")
    let configuration: Configuration
    do throws(ConfigurationError) {
      configuration = try Configuration(yaml: yaml, name: "fuzz.yaml", settings: settings.map(String.init))
    } catch {
      return error.description
    }
    let written = try? Configuration(yaml: configuration.yaml(), name: "written.yaml")
    precondition(written == configuration, "what is written is read as the same configuration")
    return nil
  }
}
