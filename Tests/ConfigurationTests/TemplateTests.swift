// A configuration to begin with.

import Configuration
import Testing

@Suite("A template of a configuration")
struct TemplateTests {
  private let template = Configuration.template(dataset: .published(.svhn), architecture: .resnet50, target: 92.5)
  private let short = """
    dataset: {name: svhn}
    network: {architecture: resnet50}
    search: {target: 92.5}
    """

  @Test("is a configuration with all defaults")
  func reads() throws {
    #expect(
      try Configuration(yaml: template, name: "template").values == Configuration(yaml: short, name: "short").values)
  }

  @Test("shows each key as it stands: without its comment sign it changes nothing")
  func uncommented() throws {
    let keys = Configuration.keys
    let names = Set(keys.compactMap { $0.path.split(separator: ".").last.map(String.init) })
    var uncommented = 0
    let lines = template.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      let parts = line.split(separator: "# ", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, let name = parts[1].split(separator: ":").first, names.contains(String(name)) else {
        return String(line)
      }
      uncommented += 1
      return "\(parts[0])\(parts[1])"
    }
    #expect(uncommented == keys.filter { $0.standard != nil }.count)
    let all = try Configuration(yaml: lines.joined(separator: "\n"), name: "all")
    #expect(try all.values == Configuration(yaml: short, name: "short").values)
  }

  @Test("for images of one's own says where they might be", arguments: [DatasetSource.images, .npz])
  func ownImages(source: DatasetSource) throws {
    let template = Configuration.template(dataset: source, architecture: .resnet18, target: 90)
    #expect(try Configuration(yaml: template, name: "template").dataset.name == source)
  }

  @Test("says what every key is for")
  func explains() {
    for key in Configuration.keys { #expect(template.contains("# \(key.summary) Expected: \(key.expected).\n")) }
  }
}
