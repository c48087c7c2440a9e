// Commands that are to be copied into a shell.

import DepthSearch
import DistributedTraining
import Foundation
import Telemetry
import Testing

@Suite("What to do next")
struct NextStepsTests {
  private func result() throws -> SearchResult {
    let accuracy = #"{"correct": 80, "total": 100}"#
    let json = """
      {"architecture": {"family": "resnet18", "depth": 2, "classes": 10,
        "input": {"height": 28, "width": 28, "channels": 1}},
       "outcome": {"targetMet": true, "target": 80, "tolerance": 0.5, "depth": 2, "accuracy": \(accuracy), "bestDepth": 2,
        "bestAccuracy": \(accuracy), "reason": "fineTuned"},
       "validationAccuracy": 80, "testAccuracy": 79.5, "depths": [{"depth": 1, "epochs": 3, "best": \(accuracy)},
        {"depth": 2, "epochs": 4, "best": \(accuracy)}], "imagesTrained": 700, "seconds": 12.5, "ranks": 2}
      """
    return try JSONDecoder().decode(SearchResult.self, from: Data(json.utf8))
  }

  @Test("names the commands with the run's directory, as a shell has to read it")
  func quoting() throws {
    let plain = try NextSteps(run: "runs/a-1", result: result(), seed: 3, hasTensorBoard: true).description
    #expect(plain.contains("\n  odn report runs/a-1\n"))
    #expect(plain.contains("odn evaluate runs/a-1/odn.safetensors --config runs/a-1/config.yaml"))
    #expect(plain.contains("odn train runs/a-1/config.yaml --depth 8 --output runs/a-1-whole"))
    #expect(
      plain.contains(
        """
          # a longer search would train depth 1 again, with another seed: about 4 epochs
          mpirun -n 2 odn search runs/a-1/config.yaml --set search.initialDepth=1 --set search.maximumDepth=1 \
        --set search.epochLimit=null --set training.seed=4 --output runs/a-1-longer

        """))
    #expect(plain.hasSuffix("tensorboard --logdir runs/a-1/tensorboard"))
    let odd = try NextSteps(run: "my run's; ls", result: result(), seed: 3, hasTensorBoard: false).description
    #expect(odd.contains(#"odn report 'my run'\''s; ls'"#))
    #expect(!odd.contains("tensorboard"))
  }

  @Test("comes after a table with the whole network beside the one found")
  func table() throws {
    let table = try ResultTable(result()).description
    #expect(table.contains("found: depth 2"))
    #expect(table.contains("whole resnet18"))
    #expect(table.contains("1.34 %"), "of the parameters are left: 149,322 of 11,172,810")
    #expect(table.contains("25.46 %"), "of the multiply-adds: 116.06 M of 455.80 M")
  }

  @Test("texts from files cannot control a terminal")
  func printable() {
    #expect(Format.printable("\u{1B}]0;title\u{7}\n") == #"\u{1B}]0;title\u{7}\u{A}"#)
    #expect(Format.printable("Ankle boot, größer") == "Ankle boot, größer")
  }
}
