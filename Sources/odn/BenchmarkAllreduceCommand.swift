// `odn benchmark allreduce`: what the network between the ranks can do.

import ArgumentParser
import DistributedTraining
import MPI
import NeuralNetwork
import Telemetry

struct BenchmarkAllreduceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "allreduce",
    abstract: "Time sums over all ranks by size, against copies in memory.",
    discussion: """
      For buffers from 4 bytes on, the time of a sum of floats over all ranks, in place, and two bandwidths: that of the \
      algorithm, the buffer's size by the time, and that of the bus, 2(n − 1)/n times it, which is what each rank sends \
      and receives at least, and so can be held against the network's own (as nccl-tests define them). Beside them, the \
      time in which every rank copies as many bytes. All are medians, taken in turns.

        mpirun -n 2 odn benchmark allreduce
        mpirun -n 8 --hostfile hosts odn benchmark allreduce --json > sums.json
      """)

  @Option(help: "The largest buffer, in bytes.")
  var maximum = 64 << 20

  @Option(help: "How often each size is timed; small ones are summed several times each time.")
  var samples = 11

  @OptionGroup var check: CheckOptions

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if !(4...1 << 32).contains(maximum) {
      throw ValidationError("--maximum takes 4 to \(1 << 32) bytes, not \(maximum)")
    }
    if samples < 1 { throw ValidationError("--samples takes 1 or more, not \(samples)") }
  }

  /// What was measured.
  private struct Report: Encodable {
    let layout: RunLayout
    let ranks: Int
    let sizes: [Size]
  }

  private struct Size: Encodable {
    let bytes: Int
    /// Nil where there is one rank.
    let blocking: Sum?
    let nonBlocking: Sum?
    let copy: Copy

    init(_ result: AllreduceBenchmark.Result, ranks: Int) {
      bytes = result.bytes
      blocking = result.blocking.map { Sum(result.bytes, $0, ranks) }
      nonBlocking = result.nonBlocking.map { Sum(result.bytes, $0, ranks) }
      copy = Copy(
        microseconds: 1e6 * result.copy, gigabytesPerSecond: Double(result.bytes) / max(result.copy, 1e-12) / 1e9)
    }
  }

  private struct Sum: Encodable {
    let microseconds: Double
    let algorithmGigabytesPerSecond: Double
    let busGigabytesPerSecond: Double

    init(_ bytes: Int, _ seconds: Double, _ ranks: Int) {
      microseconds = 1e6 * seconds
      algorithmGigabytesPerSecond = Double(bytes) / seconds / 1e9
      busGigabytesPerSecond = 2 * Double(ranks - 1) / Double(ranks) * algorithmGigabytesPerSecond
    }
  }

  private struct Copy: Encodable {
    let microseconds: Double
    let gigabytesPerSecond: Double
  }

  func run() throws {
    try Launcher.onAllRanks(checkingCollectives: check.checkCollectives) { world in
      let layout = try RunLayout(world, threads: 1)
      let benchmark = AllreduceBenchmark(world)
      var results: [AllreduceBenchmark.Result] = []
      for bytes in AllreduceBenchmark.sizes(upTo: maximum) {
        results.append(try benchmark.measure(bytes: bytes, samples: samples))
      }
      let report = Report(layout: layout, ranks: world.size, sizes: results.map { Size($0, ranks: world.size) })
      if world.rank == 0 { try show(report) }
    }
  }

  private func show(_ report: Report) throws {
    if json { return print(try JSON.text(report)) }
    print(report.layout)
    if report.ranks == 1 { print("one rank has nothing to sum: start several under mpirun. Copies in its memory:") }
    let sums = report.ranks == 1 ? [] : ["", " non-blocking"]
    var table = TextTable(
      [("bytes", .right)]
        + sums.flatMap { [("µs\($0)", .right), ("GB/s", .right), ("bus GB/s", .right)] }
        + [("memcpy µs", .right), ("GB/s", .right)])
    for size in report.sizes {
      table.add(
        [Format.count(size.bytes)]
          + [size.blocking, size.nonBlocking].compactMap(\.self).flatMap {
            [
              Format.decimal($0.microseconds, 2), Format.decimal($0.algorithmGigabytesPerSecond, 3),
              Format.decimal($0.busGigabytesPerSecond, 3),
            ]
          } + [Format.decimal(size.copy.microseconds, 3), Format.decimal(size.copy.gigabytesPerSecond, 2)])
    }
    print(table)
  }
}
