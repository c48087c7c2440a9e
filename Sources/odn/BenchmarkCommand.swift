// `odn benchmark`: how fast this machine trains.

import ArgumentParser
import NeuralNetwork

extension MatrixEngine: ExpressibleByArgument {}

struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark", abstract: "Measure how fast this machine trains.",
    subcommands: [BenchmarkStepCommand.self, BenchmarkKernelsCommand.self])

  static func check(threads: Int?) throws {
    if let threads, !(1...1_024).contains(threads) {
      throw ValidationError("--threads takes 1 to 1024, not \(threads)")
    }
  }
}
