// Answers of the networks that a search left, one after the other.

import Images
import ModelExchange
import NeuralNetwork
import Prediction
import Testing

@Suite("A cascade of depths")
struct CascadeTests {
  private let directory: TemporaryDirectory
  private let found: ModelFile
  private var path: String { directory.path + "/odn.safetensors" }

  init() throws {
    directory = try TemporaryDirectory()
    found = try Fixture.file(depth: 4)
    for depth in [1, 3, 4, 5] {
      try Fixture.file(depth: depth).write(to: "\(directory.path)/\(ModelFile.name(ofDepth: depth))")
    }
    try found.write(to: path)
  }

  @Test("asks every shallower network that is there, and the one that it is for")
  func all() throws {
    let cascade = try Cascade(upTo: found, path: path, kernels: Fixture.kernels)
    #expect(cascade.depths == [1, 3, 4])
    let pictures = Fixture.pictures(3)
    let answers = cascade.classify(pictures)
    let costs = try [1, 3, 4].map { try Fixture.file(depth: $0).weights.architecture.multiplyAdds }
    for answer in answers {
      #expect(answer.map(\.depth) == [1, 3, 4])
      #expect(answer.map(\.multiplyAdds) == [costs[0], costs[0] + costs[1], costs[0] + costs[1] + costs[2]])
    }
    let alone = try Cascade(found, path: path, kernels: Fixture.kernels)
    #expect(alone.depths == [4])
    #expect(alone.classify(pictures).map { $0[0].probabilities } == answers.map { $0[2].probabilities })
  }

  @Test("asks no deeper network about what one is sure of")
  func confident() throws {
    let cascade = try Cascade(upTo: found, path: path, kernels: Fixture.kernels)
    let pictures = Fixture.pictures(8)
    let all = cascade.classify(pictures)
    let threshold = all.map { $0[0].confidence }.sorted()[4]
    let answers = cascade.classify(pictures, until: threshold)
    for (some, every) in zip(answers, all) {
      let asked = (every.firstIndex { $0.confidence >= threshold } ?? 2) + 1
      #expect(some.map(\.depth) == every.prefix(asked).map(\.depth))
    }
    #expect(answers.contains { $0.count == 1 } && answers.contains { $0.count > 1 })
    #expect(cascade.classify(pictures, until: 0).allSatisfy { $0.count == 1 })
  }

  @Test("leaves out networks of another kind")
  func others() throws {
    try Fixture.file(.resnet34, depth: 3).write(to: "\(directory.path)/\(ModelFile.name(ofDepth: 3))")
    #expect(try Cascade(upTo: found, path: path, kernels: Fixture.kernels).depths == [1, 4])
  }

  @Test("needs shallower networks")
  func none() throws {
    let empty = try TemporaryDirectory()
    let lonely = "\(empty.path)/odn.safetensors"
    #expect(throws: PredictionError.noShallowerNetworks(file: lonely, directory: empty.path)) {
      try Cascade(upTo: found, path: lonely, kernels: Fixture.kernels)
    }
  }
}
