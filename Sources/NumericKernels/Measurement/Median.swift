// The middle of what was measured several times.

extension Collection where Element == Double {
  /// The value in the middle, or the mean of the two in the middle; NaN where there is none.
  public var median: Double {
    let sorted = sorted()
    guard let last = sorted.last else { return .nan }
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2)
      ? (sorted[middle - 1] + sorted[middle]) / 2 : middle == 0 ? last : sorted[middle]
  }
}
