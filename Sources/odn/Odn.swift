// The command line: the list of commands, and what becomes of errors.

import ArgumentParser
import Files
import Foundation
import NumericKernels

/// `odn`
@main
struct Odn: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "odn",
    abstract: "Find how deep a residual network has to be for a data set, and no deeper.",
    discussion: """
      A search trains a shallow network first and goes deeper for as long as the validation accuracy misses the target; \
      then it extracts the shallowest network that meets it. It runs on one core, or data-parallel on many under mpirun:

        odn search Configs/quickstart.yaml
        mpirun -n 8 odn search Configs/svhn-resnet34.yaml --output runs/svhn

      Exit codes: 0 success, 64 a mistake in the command line or configuration (found before any training), \
      3 a target missed that --require-target asks for, 75 stopped by a signal, with a checkpoint from which --resume \
      continues, 76 no progress for too long, 1 anything else.
      """,
    version: version,
    subcommands: [
      SearchCommand.self, TrainCommand.self, EvaluateCommand.self, PredictCommand.self, InspectCommand.self,
      ReportCommand.self, ExportCommand.self, ImportCommand.self, ConfigCommand.self, DatasetsCommand.self,
      GradcheckCommand.self, BenchmarkCommand.self, CalibrateCommand.self, PlanCommand.self, DoctorCommand.self,
    ])

  static let version = "0.1.0"

  static func main() {
    MemoryShortage.handle(Launcher.end(for:))
    do {
      var command = try parseAsRoot(UserPath.expandingHomes(in: Array(CommandLine.arguments.dropFirst())))
      try command.run()
    } catch {
      exit(reporting: error)
    }
  }

  /// Ends the process before MPI has started or after it has ended, as argument parsing and local commands do. Under
  /// mpirun every rank comes here with the same error: rank 0 prints it.
  private static func exit(reporting error: any Error) -> Never {
    guard Launcher.rank == 0 else { Launcher.exitAfterFirstRank(exitCode(for: error).rawValue) }
    if exitCode(for: error) != .failure { exit(withError: error) }
    let failure = Failure(error)
    failure.print()
    Foundation.exit(failure.exitCode)
  }
}
