// Measured times in a file, as JSON.

import Files
import Foundation

extension KernelCosts {
  /// The largest file that is read, in bytes.
  public static let sizeLimit = 10_000_000

  /// Reads what `write(to:)` wrote.
  /// - Throws: `CostModelError.file`.
  public init(path: String) throws(CostModelError) { self = try MeasuredFile.read(KernelCosts.self, path) }

  /// Writes the times to a file.
  /// - Throws: `CostModelError.file`.
  public func write(to path: String) throws(CostModelError) {
    do {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
      var file = try AtomicFile(path: path)
      try file.write([UInt8](try encoder.encode(self)))
      try file.commit()
    } catch {
      throw .file(path, "the measured times cannot be kept: \(error)")
    }
  }
}

extension MeasuredNetwork {
  /// Reads the `network` that `odn benchmark allreduce --json` printed.
  /// - Throws: `CostModelError.file`.
  public init(path: String) throws(CostModelError) {
    struct Report: Decodable { let network: MeasuredNetwork? }
    guard let network = try MeasuredFile.read(Report.self, path).network else {
      throw .file(path, "expected the allreduces of several ranks, found those of one: measure under mpirun")
    }
    for model in [network.blocking, network.nonBlocking] {
      guard model.latency >= 0, model.latency.isFinite, model.bandwidth > 0, model.bandwidth.isFinite else {
        throw .file(path, "a network's latency is at least 0 and its bandwidth above 0")
      }
    }
    self = network
  }
}

/// A file of numbers that this program printed or wrote.
private enum MeasuredFile {
  static func read<Value: Decodable>(_: Value.Type, _ path: String) throws(CostModelError) -> Value {
    do {
      let file = try InputFile(path: path)
      guard file.size <= KernelCosts.sizeLimit else {
        throw CostModelError.file(path, "expected at most \(KernelCosts.sizeLimit) bytes, found \(file.size)")
      }
      return try JSONDecoder().decode(Value.self, from: Data(try file.read(file.size, of: UInt8.self)))
    } catch let error as CostModelError {
      switch error {
      case .file: throw error
      default: throw .file(path, "\(error)")
      }
    } catch let error as FileError {
      throw .file(path, "\(error)")
    } catch {
      throw .file(path, "expected measured times in JSON, found something else; measure them anew")
    }
  }
}
