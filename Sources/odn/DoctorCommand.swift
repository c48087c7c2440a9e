// `odn doctor`: whether runs will work here, and be as fast as they can.

import ArgumentParser
import Configuration
import Diagnosis
import Foundation
import Telemetry

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Check whether runs will work on these hosts, and be as fast as they can.",
    discussion: """
      Looks at MPI, memory that ranks share, network interfaces, BLAS, the CPU against the one that odn was built for, \
      ranks and threads against cores, the data set of a configuration, the directory for results, and clocks. Each line is \
      ok, a warning (slower or less safe than it could be) or a problem (runs fail), with what to do about it. Under mpirun \
      all hosts are looked at; what is the same on all of them is said once.

        odn doctor
        mpirun -n 4 odn doctor Configs/fashion-mnist-resnet34.yaml --output runs/fashion

      The exit code is 1 if there is a problem.
      """)

  @Argument(
    help: "A configuration file, whose data set and threads are checked as well.",
    completion: .file(extensions: ["yaml"]))
  var config: String?

  @OptionGroup var settings: SettingOptions

  @Option(help: "The directory that runs will write to.", completion: .directory)
  var output = "runs"

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if config == nil && !settings.set.isEmpty {
      throw ValidationError("--set needs a configuration, whose keys it overrides")
    }
  }

  func run() throws {
    var hasProblem = false
    try Launcher.onAllRanks { world in
      let configuration = try config.map { try settings.configuration($0, world) }
      let examination = try Examination.ofRanks(
        world, threads: configuration?.training.threads, dataset: configuration?.dataset, output: output)
      let findings = examination?.findings
      if let findings { try show(findings) }
      hasProblem = try world.broadcast(findings.map { $0.contains { $0.level == .problem } }, from: 0)
    }
    guard hasProblem else { return }
    if Launcher.rank == 0 { Foundation.exit(1) }
    Launcher.exitAfterFirstRank(1)
  }

  private func show(_ findings: [Finding]) throws {
    if json { return print(try JSON.text(findings, pretty: true)) }
    let width = findings.map(\.subject.count).max() ?? 0
    for finding in findings {
      let level = finding.level.rawValue.padding(toLength: 8, withPad: " ", startingAt: 0)
      let subject = finding.subject.padding(toLength: width + 1, withPad: " ", startingAt: 0)
      print("\(level) \(subject) \(finding.text)")
      if let fix = finding.fix { print(String(repeating: " ", count: width + 11) + "→ \(fix)") }
    }
  }
}
