// A calibration in a file, as JSON.

import Files
import Foundation

extension Calibration {
  /// The largest file that is read, in bytes.
  public static let sizeLimit = 10_000_000

  /// Reads what `write(to:)` wrote.
  /// - Throws: `CostModelError.file`.
  public init(path: String) throws(CostModelError) {
    do {
      let file = try InputFile(path: path)
      guard file.size <= Self.sizeLimit else {
        throw CostModelError.file(path, "expected at most \(Self.sizeLimit) bytes, found \(file.size)")
      }
      self = try JSONDecoder().decode(Calibration.self, from: Data(try file.read(file.size, of: UInt8.self)))
    } catch let error as CostModelError {
      if case .file = error { throw error }
      throw .file(path, "\(error)")
    } catch FileError.unreadable(_, let reason) {
      throw .file(path, "cannot be read: \(reason); check the path and its permissions")
    } catch {
      throw .file(path, "expected what odn calibrate wrote, found something else; calibrate anew")
    }
  }

  /// Writes it to a file.
  /// - Throws: `FileError`.
  public func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    var file = try AtomicFile(path: path)
    try file.write([UInt8](try encoder.encode(self)))
    try file.commit()
  }
}

extension NetworkModel {
  /// Reads what `encode(to:)` wrote, and refuses what no network can be.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    latency = try values.decode(Double.self, forKey: .latency)
    bandwidth = try values.decode(Double.self, forKey: .bandwidth)
    guard latency >= 0, latency.isFinite, bandwidth > 0, bandwidth.isFinite else {
      throw CostModelError.wrong("a network's latency is at least 0 and its bandwidth above 0")
    }
  }
}

extension MeasuredNetwork {
  /// Reads what `encode(to:)` wrote, and refuses what no network can be.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    blocking = try values.decode(NetworkModel.self, forKey: .blocking)
    nonBlocking = try values.decode(NetworkModel.self, forKey: .nonBlocking)
    interference = try values.decode(Double.self, forKey: .interference)
    guard (0...1).contains(interference) else {
      throw CostModelError.wrong("the share of a processor that sums take is from 0 to 1")
    }
  }
}
