// How the numbers of a tensor are distributed, as TensorBoard draws it.

import TensorBoardMessages

/// Counts of numbers in buckets that grow by a tenth from 10⁻¹² to 10²⁰ on either side of 0, as TensorBoard's own.
struct Histogram {
  private static let limits: [Double] = {
    var positive: [Double] = []
    var limit = 1e-12
    while limit < 1e20 {
      positive.append(limit)
      limit *= 1.1
    }
    return positive.reversed().map { -$0 } + positive + [.greatestFiniteMagnitude]
  }()

  let message: TensorBoardHistogramProto

  /// Counts `numbers`; those that are not finite are left out.
  init(_ numbers: ArraySlice<Float>) {
    var counts = [Double](repeating: 0, count: Self.limits.count)
    var message = TensorBoardHistogramProto()
    (message.min, message.max) = (.infinity, -.infinity)
    for number in numbers where number.isFinite {
      let number = Double(number)
      counts[Self.bucket(of: number)] += 1
      message.min = min(message.min, number)
      message.max = max(message.max, number)
      message.num += 1
      message.sum += number
      message.sumSquares += number * number
    }
    if message.num == 0 { (message.min, message.max) = (0, 0) }
    let used = counts.indices.filter { counts[$0] > 0 }
    // The bucket before the first one says where that begins.
    let range = max(0, (used.first ?? 0) - 1)...(used.last ?? 0)
    message.bucketLimit = Array(Self.limits[range])
    message.bucket = Array(counts[range])
    self.message = message
  }

  /// The first bucket whose limit is not below `number`.
  private static func bucket(of number: Double) -> Int {
    var (low, high) = (0, limits.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if limits[middle] < number { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
