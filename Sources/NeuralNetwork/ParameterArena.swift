// All parameters of a network in one block, with one block each for gradients, momenta and running statistics.

import NumericKernels

/// The numbers that training changes. A slice of a block is a tensor; the whole block is what SGD and allreduce work on.
public final class ParameterArena {
  /// Where each tensor lies.
  public let layout: NetworkLayout
  private let valueBuffer: AlignedBuffer<Float>
  private let gradientBuffer: AlignedBuffer<Float>
  private let momentumBuffer: AlignedBuffer<Float>
  private let statisticsBuffer: AlignedBuffer<Float>

  init(layout: NetworkLayout) {
    self.layout = layout
    valueBuffer = AlignedBuffer(count: layout.parameterFloats)
    gradientBuffer = AlignedBuffer(count: layout.parameterFloats)
    momentumBuffer = AlignedBuffer(count: layout.parameterFloats)
    statisticsBuffer = AlignedBuffer(count: layout.statisticsFloats)
  }

  /// Its size in memory.
  var bytes: Int { [valueBuffer, gradientBuffer, momentumBuffer, statisticsBuffer].reduce(0) { $0 + $1.bytes } }

  /// The parameters, in the order of the layout.
  public var values: FloatView { valueBuffer.view }
  /// The gradient of the loss in each parameter.
  public var gradients: FloatView { gradientBuffer.view }
  /// SGD's running mean of the gradients.
  public var momenta: FloatView { momentumBuffer.view }
  /// Running means and variances of batch norm.
  public var statistics: FloatView { statisticsBuffer.view }

  /// A 64-bit digest of parameters and statistics: equal bits give equal digests (FNV-1a over 32-bit words).
  public var digest: UInt64 { Self.digest(statistics, after: parameterDigest) }

  /// The same of the parameters alone.
  public var parameterDigest: UInt64 { Self.digest(values, after: 14_695_981_039_346_656_037) }

  private static func digest(_ view: FloatView, after start: UInt64) -> UInt64 {
    var hash = start
    for word in view.unsafeBuffer { hash = (hash ^ UInt64(word.bitPattern)) &* 1_099_511_628_211 }
    return hash
  }
}
