// Validation curves of whole schedules, as Benchmarks/collect-curves writes them.

import DepthSearch
import Foundation

/// The curves of one data set, with schedules of one length.
package struct CurveFile: Decodable, Sendable {
  /// What one depth came to, epoch by epoch.
  package struct Curve: Decodable, Sendable {
    package let network: String
    package let width: Double
    package let depth: Int
    package let seed: Int
    /// The accuracy after each epoch.
    package let validation: [Accuracy]
    // What else tells one search from another.
    private let stemStride: Int?
    private let trainingImages: Int?
    private let batchSize: Int?
    private let firstRate: Double?

    /// What all depths of a search have in common.
    fileprivate var search: String {
      "\(network) \(width) \(stemStride ?? 0) \(trainingImages ?? 0) \(batchSize ?? 0) \(firstRate ?? 0) \(seed)"
    }
  }

  package let dataset: String
  /// Epochs of each curve.
  package let epochs: Int
  package let curves: [Curve]

  /// Reads a file.
  /// - Throws: `CurveError` if it cannot be read or does not hold whole curves of 4 epochs or more.
  package init(path: String) throws(CurveError) {
    do {
      self = try JSONDecoder().decode(CurveFile.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    } catch let error as DecodingError {
      throw .unreadable(path: path, "expected curves, as Benchmarks/collect-curves writes them: \(error)")
    } catch {
      throw .unreadable(path: path, error.localizedDescription)
    }
    guard epochs >= 4 else { throw .unreadable(path: path, "expected schedules of 4 epochs or more, found \(epochs)") }
    for curve in curves {
      guard curve.validation.count == epochs else {
        throw .unreadable(
          path: path, "expected \(epochs) epochs of depth \(curve.depth), found \(curve.validation.count)")
      }
      guard curve.depth >= 1 else { throw .unreadable(path: path, "expected depths from 1 on, found \(curve.depth)") }
    }
  }
}

/// Why curves cannot be judged.
package enum CurveError: Error, CustomStringConvertible {
  case unreadable(path: String, String)
  case tooFewDataSets(Int)

  package var description: String {
    switch self {
    case .unreadable(let path, let problem): "\(path): \(problem)"
    case .tooFewDataSets(let count): "expected curves of two data sets or more to leave one out, found \(count)"
    }
  }
}

/// The whole curves of one search, shallowest depth first.
package struct RecordedSearch: Sendable {
  package let dataset: String
  /// Epochs of each curve.
  package let epochs: Int
  package let curves: [CurveFile.Curve]

  /// The searches that files hold.
  package static func searches(in files: [CurveFile]) -> [RecordedSearch] {
    files.flatMap { file in
      Dictionary(grouping: file.curves, by: \.search).sorted { $0.key < $1.key }.map { _, curves in
        RecordedSearch(dataset: file.dataset, epochs: file.epochs, curves: curves.sorted { $0.depth < $1.depth })
      }
    }
  }

  /// The next shallower depth, by which a curve is judged; nil for the shallowest.
  func reference(for index: Int) -> CurveModel.Reference? {
    guard index > 0 else { return nil }
    return CurveModel.Reference(depth: curves[index - 1].depth, curve: curves[index - 1].validation)
  }
}
