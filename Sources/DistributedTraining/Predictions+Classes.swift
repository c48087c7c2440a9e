// How well each class is told from the others.

extension Predictions {
  /// What became of one class.
  public struct ClassScore: Codable, Equatable, Sendable {
    /// Its name.
    public let name: String
    /// Images of it.
    public let images: Int
    /// Images that were taken for it.
    public let answers: Int
    /// Images of it that were taken for it.
    public let correct: Int

    /// The share of its images that were recognized, its accuracy, in percent; nil if there are none.
    public var recall: Double? { images > 0 ? 100 * Double(correct) / Double(images) : nil }
    /// The share of the images taken for it that are of it, in percent; nil if there are none.
    public var precision: Double? { answers > 0 ? 100 * Double(correct) / Double(answers) : nil }
  }

  /// The classes, in the order of their labels.
  public var classScores: [ClassScore] {
    let confusion = confusion
    return classNames.indices.map { label in
      ClassScore(
        name: classNames[label], images: confusion[label].reduce(0, +), answers: confusion.reduce(0) { $0 + $1[label] },
        correct: confusion[label][label])
    }
  }
}
