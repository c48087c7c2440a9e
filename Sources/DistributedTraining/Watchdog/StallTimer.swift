// When a rank counts as stalled, and when that has lasted too long.

/// Measures how long there has been no progress, in its watcher's own time.
struct StallTimer {
  /// What follows from a look.
  enum Verdict: Equatable {
    /// Nothing.
    case fine
    /// The limit has just been passed: say where the rank stands.
    case stalled
    /// It goes on after it was said to have stalled.
    case recovered(after: Double)
    /// It has lasted too long: end the run.
    case expired
  }

  private let options: ReliabilityOptions
  private var progress = 0
  private var isReported = false
  /// Seconds without progress.
  private(set) var seconds = 0.0

  init(_ options: ReliabilityOptions) {
    self.options = options
  }

  /// Seconds between two looks.
  var interval: Double { min(max(options.stallSeconds / 6, 0.05), 2) }

  /// Takes note of a count that grows with progress, `elapsed` seconds after the last look.
  mutating func look(at progress: Int, elapsed: Double) -> Verdict {
    if progress != self.progress {
      let stall = seconds
      self.progress = progress
      seconds = 0
      defer { isReported = false }
      return isReported ? .recovered(after: stall) : .fine
    }
    seconds += elapsed
    guard seconds >= options.stallSeconds else { return .fine }
    if !isReported {
      isReported = true
      return .stalled
    }
    return options.abortSeconds > 0 && seconds >= options.stallSeconds + options.abortSeconds ? .expired : .fine
  }
}
