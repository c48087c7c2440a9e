// `odn benchmark`: how fast this machine trains.

import ArgumentParser

struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark", abstract: "Measure how fast this machine trains.",
    subcommands: [
      BenchmarkStepCommand.self, BenchmarkKernelsCommand.self, BenchmarkScalingCommand.self,
      BenchmarkAllreduceCommand.self,
    ])
}
