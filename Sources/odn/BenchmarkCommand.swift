// `odn benchmark`: how fast this machine trains, and answers.

import ArgumentParser

struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark", abstract: "Measure how fast this machine trains and answers.",
    subcommands: [
      BenchmarkStepCommand.self, BenchmarkKernelsCommand.self, BenchmarkScalingCommand.self,
      BenchmarkAllreduceCommand.self, BenchmarkInferenceCommand.self,
    ])
}
