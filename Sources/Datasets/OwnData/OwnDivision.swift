// Which of the user's own images teach, hold out and test, and in which order.

import NumericKernels

/// An order of the user's own images. Within each part it is random, but every stretch of it has each class in its
/// share of the whole, so that any beginning or end of it stands for all.
struct OwnDivision {
  /// Numbers of the images to learn from; those held out for validation are the last ones.
  let training: [Int]
  /// Numbers of the images that test.
  let test: [Int]
  /// Images held out unless a configuration says otherwise: the part that there is for it, or else a tenth.
  let validationCount: Int

  init(_ images: OwnInventory, _ options: DatasetOptions) {
    func mixed(_ part: Range<Int>) -> [Int] {
      Self.mixed(part, images.labels, classes: images.classNames.count, seed: options.splitSeed ?? 0)
    }
    var training = mixed(images.training)
    if images.test.isEmpty {
      let share = options.testShare ?? DatasetOptions.defaultTestShare
      let count = min(max(1, Int((share * Double(training.count)).rounded())), max(training.count - 1, 0))
      test = Array(training.suffix(count))
      training.removeLast(count)
    } else {
      test = mixed(images.test)
    }
    validationCount =
      images.validation.isEmpty ? min(max(1, training.count / 10), training.count - 1) : images.validation.count
    self.training = training + mixed(images.validation)
  }

  /// The images of a part: image j of the n of its class, in random order, stands at (j + ½)/n of the whole way.
  private static func mixed(_ part: Range<Int>, _ labels: [UInt8], classes: Int, seed: UInt64) -> [Int] {
    var ofClass = [[Int]](repeating: [], count: classes)
    for image in part { ofClass[Int(labels[image])].append(image) }
    var placed: [(place: Double, image: Int)] = []
    placed.reserveCapacity(part.count)
    for label in 0..<classes {
      var random = RandomStream(seed: seed, purpose: .split, index: label)
      let images = ofClass[label].shuffled(using: &random)
      for (j, image) in images.enumerated() {
        placed.append(((Double(j) + 0.5) / Double(images.count), image))
      }
    }
    // Images at the same place are those of different classes, which the sequence so far does not depend on a seed for.
    return placed.enumerated().sorted { ($0.element.place, $0.offset) < ($1.element.place, $1.offset) }
      .map(\.element.image)
  }
}
