// What the numbers of a network's tensors have to be, wherever they come from.

extension Tensor {
  /// What is expected of them, for messages.
  static let soundness = "finite numbers, and variances of 0 or more"

  /// What no network can compute with; nil if there is nothing.
  var defect: String? {
    if !values.allSatisfy(\.isFinite) { return "numbers that are not finite" }
    return name.hasSuffix(".running_var") && values.contains { $0 < 0 } ? "a negative variance" : nil
  }
}
