// Whether two configurations are of the same run.

import Configuration
import Testing

@Suite("Comparing configurations")
struct ComparisonTests {
  private func configuration(_ settings: String...) throws -> Configuration {
    try Configuration(yaml: minimal, name: "test", settings: settings)
  }

  @Test("values hold every key once, as YAML")
  func values() throws {
    let values = try configuration("search.epochLimit=7").values
    #expect(values.keys.sorted() == Configuration.keys.map(\.path).sorted())
    #expect(values["search.target"] == "99.5")
    #expect(values["search.epochLimit"] == "7")
    #expect(values["dataset.trainLimit"] == "null")
    #expect(values["search.plateau.factor"] == "0.6")
  }

  @Test("keys that differ are named in their order, with both values")
  func differences() throws {
    let before = try configuration().values
    let now = try configuration("training.batchSize=64", "dataset.trainLimit=10", "training.seed=1")
    #expect(
      now.differences(from: before).map(\.description) == [
        "dataset.trainLimit (10, was null)", "training.batchSize (64, was 128)", "training.seed (1, was 0)",
      ])
    #expect(now.differences(from: now.values) == [])
    #expect(now.hash != (try configuration().hash))
  }

  @Test("a key that another version did not have was what its default is now")
  func newKey() throws {
    var before = try configuration().values
    before["training.seed"] = nil
    before["training.forgotten"] = "1"
    #expect(try configuration().differences(from: before) == [])
    let now = try configuration("training.seed=3")
    #expect(now.differences(from: before).map(\.description) == ["training.seed (3, was 0)"])
    before["search.target"] = nil
    #expect(try configuration().differences(from: before).map(\.description) == ["search.target (99.5, was not set)"])
  }

  @Test(
    "where files lie, how many threads there are, when checkpoints are written, what counts as hanging and what is shown: no other run"
  )
  func elsewhere() throws {
    let now = try configuration(
      "dataset.directory=/data", "training.threads=3", "training.oversubscribe=true",
      "reliability.checkpointMinutes=1", "reliability.stallSeconds=0", "reliability.abortSeconds=1",
      "reliability.verifySteps=0", "telemetry.tensorboard=false", "telemetry.histograms=true")
    let before = try configuration()
    #expect(now != before)
    #expect(now.differences(from: before.values) == [])
    #expect(now.hash == before.hash)
    #expect(now.hash.count == 16)
    #expect(
      Configuration.keys.filter { !$0.changesResults }.map(\.path) == [
        "dataset.directory", "dataset.file", "dataset.cache", "training.threads", "training.oversubscribe",
        "reliability.checkpointMinutes",
        "reliability.stallSeconds", "reliability.abortSeconds", "reliability.verifySteps",
        "telemetry.tensorboard", "telemetry.histograms",
      ])
  }
}
