// Memory for numbers: one owner, `AlignedBuffer`, and a view that costs nothing to pass, `FloatView`.

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// A block of 32-bit floats, zeroed, aligned to 64 bytes (one cache line, one AVX-512 register).
///
/// Blocks of 2 MB and more ask for huge pages. Every `FloatView` of a buffer is valid as long as the buffer lives;
/// networks and workspaces own their buffers for their whole life and hand out views only to code they call.
public final class AlignedBuffer {
  /// Bytes to which every buffer is aligned.
  public static let alignment = 64

  /// Number of floats.
  public let count: Int
  let base: UnsafeMutablePointer<Float>

  /// Allocates `count` zeros. A count of 0 is allowed.
  public init(count: Int) {
    precondition(count >= 0, "a buffer has a count of 0 or more, not \(count)")
    self.count = count
    let hugePage = 1 << 21
    let bytes = max((count * MemoryLayout<Float>.stride + 63) & ~63, 64)
    let alignment = bytes >= hugePage ? hugePage : Self.alignment
    let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: alignment)
    if bytes >= hugePage { madvise(memory, bytes, MADV_HUGEPAGE) }
    memset(memory, 0, bytes)
    base = memory.bindMemory(to: Float.self, capacity: max(count, 1))
  }

  deinit { UnsafeMutableRawPointer(base).deallocate() }

  /// The whole buffer.
  public var view: FloatView { FloatView(base: base, count: count) }
}

/// `count` consecutive floats inside an `AlignedBuffer`: a pointer and a length, trivially copied.
///
/// A view does not keep its buffer alive. Slicing checks its bounds; element access is for tests and small vectors,
/// kernels work on whole views.
public struct FloatView {
  let base: UnsafeMutablePointer<Float>
  /// Number of floats.
  public let count: Int

  init(base: UnsafeMutablePointer<Float>, count: Int) {
    self.base = base
    self.count = count
  }

  /// The floats `range` of this view; the range must lie inside it.
  public subscript(range: Range<Int>) -> FloatView {
    Self.check(range.lowerBound >= 0 && range.upperBound <= count, range, count)
    return FloatView(base: base + range.lowerBound, count: range.count)
  }

  /// The first `length` floats.
  public func prefix(_ length: Int) -> FloatView { self[0..<length] }

  /// One element.
  public subscript(index: Int) -> Float {
    get {
      Self.check(index >= 0 && index < count, index..<index + 1, count)
      return base[index]
    }
    nonmutating set {
      Self.check(index >= 0 && index < count, index..<index + 1, count)
      base[index] = newValue
    }
  }

  /// Sets every element.
  public func fill(_ value: Float) { base.update(repeating: value, count: count) }

  /// Copies `other`, which must be as long and must not overlap.
  public func copy(from other: FloatView) {
    Self.check(other.count == count, 0..<other.count, count)
    base.update(from: other.base, count: count)
  }

  /// Copies an array, which must be as long as the view.
  public func copy(from array: [Float]) {
    Self.check(array.count == count, 0..<array.count, count)
    array.withUnsafeBufferPointer { if let source = $0.baseAddress { base.update(from: source, count: count) } }
  }

  /// The elements, copied.
  public var array: [Float] { Array(UnsafeBufferPointer(start: base, count: count)) }

  /// The memory itself, for calls into C that take it (MPI, file output). Valid while the buffer lives.
  public var unsafeBuffer: UnsafeMutableBufferPointer<Float> { UnsafeMutableBufferPointer(start: base, count: count) }

  /// A bounds check that stays in `-Ounchecked` builds, where `precondition` does not.
  @inline(__always)
  private static func check(_ holds: Bool, _ range: Range<Int>, _ count: Int) {
    if _slowPath(!holds) { outOfBounds(range, count) }
  }

  @inline(never)
  private static func outOfBounds(_ range: Range<Int>, _ count: Int) -> Never {
    fatalError("a view of \(count) floats has no elements \(range)")
  }
}
