// Errors as users meet them: one line on standard error, and an exit code.

import ArgumentParser
import Configuration
import CostModel
import Datasets
import DepthSearch
import DistributedTraining
import Foundation
import ModelExchange
import NeuralNetwork
import Prediction
import Report
import Telemetry

/// An error with the exit code that it ends the program with.
struct Failure {
  /// The code for mistakes in the command line or the configuration, as sysexits.h's EX_USAGE.
  static let usageCode: Int32 = 64
  /// The code of a search that missed its target where `--require-target` asks for it.
  static let missedTargetCode: Int32 = 3
  /// The code of a run that was told to stop and can be continued, as sysexits.h's EX_TEMPFAIL.
  static let stoppedCode: Int32 = 75

  let message: String
  let exitCode: Int32
  /// Whether all ranks know of it, so that rank 0 speaks for them.
  let isShared: Bool

  init(_ error: any Error) {
    message = "\(error)"
    exitCode =
      switch error {
      case TrainingError.stopped: Self.stoppedCode
      case TargetRequirement.missed: Self.missedTargetCode
      default: Self.isUsage(error) ? Self.usageCode : 1
      }
    isShared =
      error is TrainingError || error is SearchError || error is ArchitectureError || error is CostModelError
      || error is TargetRequirement
  }

  /// Whether the user asked for something impossible, as opposed to something that failed.
  static func isUsage(_ error: any Error) -> Bool {
    switch error {
    case is ConfigurationError, is ArchitectureError, is SearchError, is CostModelError, is ValidationError: true
    case let error as TrainingError: error.isUsage
    case let error as ResumeError: error.isUsage
    case let error as DatasetError: error.isUsage
    case let error as DownloadError: error.isUsage
    case let error as ExportError: error.isUsage
    case TargetRequirement.noTarget: true
    case RunDirectoryError.occupied, RunRecordError.noRun, PredictionError.noShallowerNetworks: true
    default: false
    }
  }

  /// Prints the message as one line.
  func print(rank: Int? = nil) {
    Self.printLine("\(rank.map { "rank \($0): " } ?? "")\(message)")
  }

  /// Prints what is no failure, but better known.
  static func warn(_ message: String) { printLine("warning: \(message)") }

  /// Messages name files and quote what is in them, so that nothing in them may reach a terminal that controls it.
  private static func printLine(_ message: String) {
    let line = "odn: \(Format.printable(message.split(separator: "\n").joined(separator: "; ")))\n"
    FileHandle.standardError.write(Data(line.utf8))
  }
}
