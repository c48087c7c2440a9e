// When a rank counts as stalled, and when that has lasted too long.

/// Measures how long a rank has made no progress, in its watcher's own time.
struct StallTimer {
  /// What follows from a look at the rank.
  enum Verdict: Equatable {
    /// Nothing.
    case fine
    /// The limit has just been passed: say where the rank stands.
    case stalled
    /// The rank goes on after it was said to have stalled.
    case recovered(after: Double)
    /// It has lasted too long: end the run.
    case expired
  }

  private let options: ReliabilityOptions
  private var beats = 0
  private var isReported = false
  /// Seconds without progress.
  private(set) var seconds = 0.0

  init(_ options: ReliabilityOptions) {
    self.options = options
  }

  /// Seconds between two looks.
  var interval: Double { min(max(options.stallSeconds / 6, 0.05), 2) }

  /// Takes note of the rank's count of beats, `elapsed` seconds after the last look.
  mutating func look(at beats: Int, elapsed: Double) -> Verdict {
    if beats != self.beats {
      let stall = seconds
      self.beats = beats
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
