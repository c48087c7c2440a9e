// Which cores a rank may run on, and how many of them are its own.

import Foundation
import MPI
import NeuralNetwork

/// The cores that the launcher bound this process to.
struct CoreBinding: Equatable, Codable {
  /// As Linux lists them, for example `0-3,8`.
  let list: String

  /// The binding of this process; all cores that are online where the system does not tell.
  static var current: CoreBinding {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
    let list = line?.split(separator: ":").last?.trimmingCharacters(in: .whitespaces)
    return CoreBinding(list: list ?? "0-\(ProcessInfo.processInfo.activeProcessorCount - 1)")
  }

  /// The numbers of the cores, at least one.
  var cores: [Int] {
    let cores = list.split(separator: ",").flatMap { (run) -> [Int] in
      let ends = run.split(separator: "-").compactMap { Int($0) }
      guard let first = ends.first, let last = ends.last, first <= last else { return [] }
      return Array(first...last)
    }
    return cores.isEmpty ? [0] : cores
  }
}

extension TrainingOptions {
  /// The kernels that the options ask for. Where they name no number of threads, it is that of the cores that this rank is
  /// bound to, divided among the ranks of its host that are bound to the same ones. Collective.
  ///
  /// - Parameter background: goes on between the parts of kernels.
  /// - Throws: `MPIError`.
  public func makeKernels(
    _ communicator: Communicator, background: (any BackgroundWork)? = nil
  ) throws -> any Kernels {
    kernels.kernels(
      threads: try threads ?? Self.defaultThreads(communicator), engine: matrixEngine, background: background)
  }

  /// The threads of this rank where nothing else is said, at least 1. Collective.
  /// - Throws: `MPIError`.
  public static func defaultThreads(_ communicator: Communicator) throws -> Int {
    let binding = CoreBinding.current
    let host = try communicator.splitSharedMemory()
    let bindings = try host.gatherCodable(binding, to: 0)
    let sharing = try host.broadcast(bindings, from: 0).count { $0 == binding }
    return max(1, binding.cores.count / max(sharing, 1))
  }
}
