// What a person sees while a search goes on.

import DistributedTraining
import Telemetry
import Testing

@Suite("The live line")
struct LiveLineTests {
  private static func line(columns: Int, stage: SearchStage = .level, best: Double? = 98.481) -> String {
    let progress = StepProgress(
      stage: stage, depth: 2, epoch: 12, step: 640, steps: 938, loss: 0.21034, accuracy: 93.14, imagesPerSecond: 3_512)
    return LiveLine(progress, imagesLeft: 38_080, best: best, target: 99.5, columns: columns).description
  }

  @Test("says everything where there is room")
  func wide() {
    let expected = """
      depth 2  epoch 12  ██████████░░░░░░  640/938  10.8 s left  93.1 %  loss 0.2103  3,512 images/s  best 98.48 of 99.5
      """
    #expect(Self.line(columns: 200) == expected)
    #expect(Self.line(columns: 200, stage: .warmUp, best: nil).hasPrefix("warm-up  epoch 12"))
    #expect(Self.line(columns: 200, best: nil).hasSuffix("best – of 99.5"))
  }

  @Test("never breaks: it is shorter than the terminal is wide, and keeps epoch and step", arguments: 0...130)
  func narrow(columns: Int) {
    let line = Self.line(columns: columns)
    #expect(line.count < max(columns, 1))
    if columns > 20 { #expect(line.contains("epoch 12  640/938") || line.contains("640/938  ")) }
  }

  @Test("knows no time where nothing is known of the speed")
  func start() {
    let progress = StepProgress(
      stage: .level, depth: 1, epoch: 1, step: 0, steps: 0, loss: 0, accuracy: 0, imagesPerSecond: 0)
    let line = LiveLine(progress, imagesLeft: 100, best: nil, target: 50, columns: 200).description
    #expect(!line.contains("left"))
  }
}
