// Times copies in memory, which any exchange of data on one host is measured by.

/// Two buffers, one of which is copied into the other.
public final class CopyBenchmark {
  private let source: AlignedBuffer<Float>
  private let target: AlignedBuffer<Float>

  /// Buffers of `count` floats, both present in memory.
  public init(count: Int) {
    source = AlignedBuffer(count: count)
    target = AlignedBuffer(count: count)
    source.view.fill(1)
    target.view.fill(0)
  }

  /// Copies all of them `times` times.
  public func run(times: Int) {
    for _ in 0..<times { Self.copy(source.view, into: target.view) }
  }

  /// A call that is made each time.
  @inline(never)
  private static func copy(_ source: FloatView, into target: FloatView) { target.copy(from: source) }
}
