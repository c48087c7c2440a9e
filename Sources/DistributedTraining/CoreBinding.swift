// Which cores a rank may run on, and which of them its threads keep to themselves.

import Foundation
import MPI
import NeuralNetwork

/// The processors that the launcher bound this process to.
struct CoreBinding: Equatable, Codable {
  /// Their numbers, in ascending order; not empty.
  let processors: [Int]
  /// How many of them at once a control group leaves time for, at least 1; nil where none limits it.
  var limit: Int?

  /// The binding that the process had before its threads were placed; all processors that are online where the system
  /// does not tell.
  static let ofProcess: CoreBinding = {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let limit = CPUQuota.ofProcess.map { max(1, Int(min($0, 65_536))) }
    let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
    let list = line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
    let binding = CoreBinding(list: list ?? "", limit: limit)
    if !binding.processors.isEmpty { return binding }
    return CoreBinding(list: "0-\(max(ProcessInfo.processInfo.activeProcessorCount, 1) - 1)", limit: limit)
  }()

  /// - Parameters:
  ///   - list: as Linux writes them, for example `0-3,8`.
  ///   - limit: how many of them at once may be used.
  init(list: String, limit: Int? = nil) {
    self.limit = limit
    processors = list.split(separator: ",").flatMap { run in
      let ends = run.split(separator: "-").compactMap { Int($0) }
      guard let first = ends.first, let last = ends.last, first <= last, last < 1 << 16 else { return [Int]() }
      return Array(first...last)
    }
  }

  /// One processor of each core, as a second one shares the units that kernels keep busy; as many as there is time for.
  var cores: [Int] {
    let ofCores = processors.filter { processor in
      let path = "/sys/devices/system/cpu/cpu\(processor)/topology/thread_siblings_list"
      guard let list = try? String(contentsOfFile: path, encoding: .utf8) else { return true }
      let siblings = CoreBinding(list: list.trimmingCharacters(in: .whitespacesAndNewlines)).processors
      return siblings.first { processors.contains($0) } ?? processor == processor
    }
    return Array(ofCores.prefix(limit ?? .max))
  }
}

/// The threads of this rank, and where they run.
public struct ThreadPlacement: Equatable, Sendable {
  /// How many there are, at least 1.
  public let threads: Int
  /// The processor that each of them stays on, so that two never meet on one; empty if the system may move them, which is
  /// where other ranks have the same cores, there are not enough, or a control group shares their time out.
  public let processors: [Int]

  /// Shares the cores that this rank is bound to with the ranks of its host that are bound to the same ones. Collective.
  ///
  /// - Parameter threads: how many there shall be; nil for one on each core of the share.
  /// - Throws: `MPIError`.
  public init(threads: Int?, communicator: Communicator) throws {
    let binding = CoreBinding.ofProcess
    let host = try communicator.splitSharedMemory()
    let bindings = try host.broadcast(host.gatherCodable(binding, to: 0), from: 0)
    let sharing = bindings.indices.filter { bindings[$0] == binding }
    let cores = binding.cores
    let index = sharing.firstIndex(of: host.rank) ?? 0
    let share = cores[cores.count * index / sharing.count..<cores.count * (index + 1) / sharing.count]
    self.threads = threads ?? max(1, share.count)
    let isPlaced = self.threads > 1 && self.threads <= share.count && binding.limit == nil
    processors = isPlaced ? Array(share.prefix(self.threads)) : []
  }
}

extension TrainingOptions {
  /// The kernels that the options ask for, with the threads of this rank. Collective.
  ///
  /// - Throws: `MPIError`.
  public func makeKernels(_ communicator: Communicator) throws -> any Kernels {
    kernels(try ThreadPlacement(threads: threads, communicator: communicator))
  }

  /// The kernels that the options ask for, on threads placed so.
  ///
  /// - Parameters:
  ///   - profile: where they note their times; the reference keeps none.
  ///   - background: goes on between the parts of kernels.
  public func kernels(
    _ placement: ThreadPlacement, profile: KernelProfile? = nil, background: (any BackgroundWork)? = nil
  ) -> any Kernels {
    kernels.kernels(
      threads: placement.threads, on: placement.processors, engine: matrixEngine, profile: profile,
      background: background)
  }
}
