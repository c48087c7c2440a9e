// What a run leaves, opened by the packages that its users open it with.

import Foundation
import PythonTesting
import Testing

extension CommandLine {
  @Suite("Opened in Python")
  struct Packages {
    private let workspace: Workspace

    init() async throws {
      workspace = try Workspace.withLearningSearch()
      let run = try await Program.run(
        ["train", "tiny.yaml", "--depth", "2", "--set", "search.epochLimit=2", "--output", "run", "--quiet"],
        in: workspace)
      try #require(run.exitCode == 0, "\(run.errors)")
    }

    private struct Evaluation: Decodable {
      struct Score: Decodable {
        let images: Int
        let answers: Int
        let correct: Int
      }
      let accuracy: Double
      let classes: [Score]
      let confusion: [[Int]]
    }

    @Test(
      "scikit-learn finds the metrics of odn evaluate in the answers to the test images",
      .enabled(if: Python.has("sklearn"), "\(Python.needs("scikit-learn"))"))
    func metrics() async throws {
      let run = try await Program.run(
        ["evaluate", "run/odn.safetensors", "--config", "run/config.yaml", "--json"], in: workspace)
      #expect(run.exitCode == 0, "\(run.errors)")
      let ours = try JSONDecoder().decode(Evaluation.self, from: Data(run.output.utf8))
      let script = """
        import json, sys
        from sklearn import metrics
        told = json.load(open(sys.argv[1]))
        labels, answers = told["labels"], told["predictions"]
        classes = range(len(told["classNames"]))
        precision, recall, _, _ = metrics.precision_recall_fscore_support(
            labels, answers, labels=classes, zero_division=0)
        print(json.dumps({
            "accuracy": 100 * metrics.accuracy_score(labels, answers),
            "precision": precision.tolist(), "recall": recall.tolist(),
            "confusion": metrics.confusion_matrix(labels, answers, labels=list(classes)).tolist()}))
        """
      let text = try Python.run(["-c", script, workspace.file("run/test-predictions.json")])
      let theirs = try JSONDecoder().decode(Metrics.self, from: Data(text.utf8))
      #expect(abs(ours.accuracy - theirs.accuracy) < 1e-9 && ours.confusion == theirs.confusion)
      for (label, score) in ours.classes.enumerated() {
        let (correct, images, answers) = (Double(score.correct), Double(score.images), Double(score.answers))
        #expect(abs(correct - theirs.recall[label] * images) < 1e-9)
        #expect(abs(correct - theirs.precision[label] * answers) < 1e-9)
      }
    }

    private struct Metrics: Decodable {
      let accuracy: Double
      let precision: [Double]
      let recall: [Double]
      let confusion: [[Int]]
    }

    @Test(
      "safetensors reads a saved network, with torchvision's names and what odn notes about it",
      .enabled(if: Python.has("safetensors.numpy"), "\(Python.needs("safetensors and numpy"))"))
    func network() throws {
      let script = """
        import json, sys
        from safetensors import safe_open
        with safe_open(sys.argv[1], framework="numpy") as file:
            tensors = {name: list(file.get_tensor(name).shape) for name in file.keys()}
            print(json.dumps({"tensors": tensors, "metadata": file.metadata()}))
        """
      struct Content: Decodable {
        let tensors: [String: [Int]]
        let metadata: [String: String]
      }
      let text = try Python.run(["-c", script, workspace.file("run/odn.safetensors")])
      let content = try JSONDecoder().decode(Content.self, from: Data(text.utf8))
      #expect(content.tensors["conv1.weight"] == [64, 1, 3, 3])
      #expect(content.tensors["layer1.1.bn2.running_var"] == [64] && content.tensors["fc.weight"] == [10, 64])
      #expect(content.metadata["odn.family"] == "resnet18" && content.metadata["odn.depth"] == "2")
    }
  }
}
