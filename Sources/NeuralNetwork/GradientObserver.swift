// How a backward pass tells what it has finished, to whoever sends gradients away while it goes on.

/// Follows a backward pass. Implemented by whoever knows of other ranks.
public protocol GradientObserver: AnyObject {
  /// The first `count` floats of the gradient arena have their final values; `count` never falls during a pass, and the
  /// last is that of the whole arena. Called after every convolution, also if nothing was added to them.
  /// - Throws: what the transport throws.
  func gradientsCompleted(_ count: Int) throws
}
