// What a check came to.

/// A line of a diagnosis.
public struct Finding: Codable, Equatable, Sendable {
  /// How grave it is.
  public enum Level: String, Codable, CaseIterable, Sendable {
    /// As it should be.
    case ok
    /// Runs go on, but slower or less safely than they could.
    case warning
    /// Runs fail.
    case problem
  }

  /// What was checked, such as `BLAS`.
  public let subject: String
  /// How grave it is.
  public let level: Level
  /// What was found, and where it is not the same on all hosts, on which of them.
  public let text: String
  /// What to do about it; nil if it is ok.
  public let fix: String?

  static func ok(_ subject: String, _ text: String) -> Finding {
    Finding(subject: subject, level: .ok, text: text, fix: nil)
  }

  static func warning(_ subject: String, _ text: String, fix: String) -> Finding {
    Finding(subject: subject, level: .warning, text: text, fix: fix)
  }

  static func problem(_ subject: String, _ text: String, fix: String) -> Finding {
    Finding(subject: subject, level: .problem, text: text, fix: fix)
  }

  func on(host: String) -> Finding {
    Finding(subject: subject, level: level, text: "\(host): \(text)", fix: fix)
  }
}
