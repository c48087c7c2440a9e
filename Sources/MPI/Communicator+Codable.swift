// Values of any Codable type between ranks, as JSON: for configurations, decisions and reports, not for tensors.
// Infinities and NaN pass too; every Float and Double arrives with the same bits.

import Foundation
internal import CMPI

extension Communicator {
  /// The root's value on every rank; only the root's is looked at, the others may pass nil. Collective.
  ///
  /// - Throws: `MPIError.missingAtRoot` on every rank if the root passes nil. If the root cannot encode its value in
  ///   up to `Int32.max` bytes, `MPIError.coding` there and `missingAtRoot` elsewhere. `MPIError.coding` on a rank
  ///   that cannot decode it.
  public func broadcast<T: Codable>(_ value: T?, from root: Int) throws(MPIError) -> T {
    let function: StaticString = "MPI_Bcast"
    try validate(rank: root, as: "root", function)
    var bytes: [UInt8] = []
    var reason: MPIError?
    if rank == root {
      do {
        guard let value else { throw MPIError.missingAtRoot(function: "\(function)", root: root) }
        bytes = try encode(value, function)
      } catch { reason = error as? MPIError ?? coding(T.self, error, function) }
    }
    // JSON is never empty: an array of no bytes tells the others that there is nothing to come.
    try broadcast(&bytes, from: root)
    if let reason { throw reason }
    guard !bytes.isEmpty else { throw .missingAtRoot(function: "\(function)", root: root) }
    if rank == root, let value { return value }
    return try decode(T.self, bytes, function)
  }

  /// Every rank's value, in rank order, on the root; nil on the others. Collective.
  ///
  /// - Throws: `MPIError.coding`, on every rank, if some rank cannot encode its value; on the root alone if it
  ///   cannot decode one.
  public func gatherCodable<T: Codable>(_ value: T, to root: Int) throws(MPIError) -> [T]? {
    let function: StaticString = "MPI_Gatherv"
    try validate(rank: root, as: "root", function)
    var bytes: [UInt8] = []
    var reason: MPIError?
    do { bytes = try encode(value, function) } catch { reason = error }
    let failed = try allgather(bytes.count).firstIndex(of: 0)
    if let reason { throw reason }
    if let failed {
      throw .coding(function: "\(function)", type: "\(T.self)", reason: "it could not be encoded", rank: failed)
    }
    guard let gathered = try gatherv(bytes, to: root) else { return nil }
    var values: [T] = []
    for bytes in gathered { values.append(try decode(T.self, bytes, function)) }
    return values
  }

  private func encode<T: Encodable>(_ value: T, _ function: StaticString) throws(MPIError) -> [UInt8] {
    do {
      let encoder = JSONEncoder()
      encoder.nonConformingFloatEncodingStrategy = .convertToString(
        positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
      let bytes = [UInt8](try encoder.encode(value))
      _ = try cCount(bytes.count, function)
      return bytes
    } catch {
      throw coding(T.self, error, function)
    }
  }

  private func decode<T: Decodable>(
    _ type: T.Type, _ bytes: [UInt8], _ function: StaticString
  ) throws(MPIError) -> T {
    do {
      let decoder = JSONDecoder()
      decoder.nonConformingFloatDecodingStrategy = .convertFromString(
        positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
      return try decoder.decode(type, from: Data(bytes))
    } catch {
      throw coding(type, error, function)
    }
  }

  private func coding<T>(_ type: T.Type, _ error: any Error, _ function: StaticString) -> MPIError {
    .coding(function: "\(function)", type: "\(type)", reason: "\(error)", rank: rank)
  }
}
