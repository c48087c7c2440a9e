// Memory for numbers: one owner, `AlignedBuffer`, and a view that costs nothing to pass, `BufferView`.

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// A block of numbers, zeroed, aligned to 64 bytes (one cache line, one AVX-512 register).
///
/// Blocks of 2 MB and more are pages of their own, huge ones where the system has them, which take memory only once they
/// are written to. Every view of a buffer is valid as long as the buffer lives; networks and workspaces own their buffers
/// for their whole life and hand out views only to code they call.
public final class AlignedBuffer<Element: BitwiseCopyable & Numeric> {
  /// Number of elements.
  public let count: Int
  private let base: UnsafeMutablePointer<Element>
  /// Its size in memory.
  public let bytes: Int

  /// Allocates `count` zeros; `count` is 0 or more. A `MemoryShortage` ends the program.
  public init(count: Int) {
    require(count >= 0, "a buffer has a count of 0 or more")
    self.count = count
    bytes = max((count * MemoryLayout<Element>.stride + 63) & ~63, 64)
    let memory =
      bytes >= hugePage ? Self.mapPages(bytes) : UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    if bytes < hugePage { memset(memory, 0, bytes) }
    base = memory.bindMemory(to: Element.self, capacity: max(count, 1))
  }

  deinit {
    if bytes >= hugePage { munmap(base, bytes) } else { UnsafeMutableRawPointer(base).deallocate() }
  }

  /// Zeroed pages, beginning on the boundary of a huge one.
  private static func mapPages(_ bytes: Int) -> UnsafeMutableRawPointer {
    let mapped = mmap(nil, bytes + hugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let mapped, mapped != MAP_FAILED else { MemoryShortage(bytes: bytes).endProgram() }
    let skipped = -Int(bitPattern: mapped) & (hugePage - 1)
    let start = mapped + skipped
    if skipped > 0 { munmap(mapped, skipped) }
    let page = sysconf(Int32(_SC_PAGESIZE))
    let end = (bytes + page - 1) / page * page
    if skipped + end < bytes + hugePage { munmap(start + end, bytes + hugePage - skipped - end) }
    madvise(start, bytes, MADV_HUGEPAGE)
    return start
  }

  /// The whole buffer. Whoever keeps the buffer in a local variable wraps the use of its views in
  /// `withExtendedLifetime`: Swift may otherwise free it after the variable's last use.
  public var view: BufferView<Element> { BufferView(base: base, count: count) }
}

/// Bytes of a huge page.
private let hugePage = 1 << 21

/// The view that kernels take for parameters, activations and gradients.
public typealias FloatView = BufferView<Float>

/// `count` consecutive numbers inside an `AlignedBuffer`: a pointer and a length, trivially copied.
///
/// A view does not keep its buffer alive. Slices and elements are bounds-checked; kernels check the size of whole views
/// and then run unchecked.
public struct BufferView<Element: BitwiseCopyable & Numeric> {
  @usableFromInline let base: UnsafeMutablePointer<Element>
  /// Number of elements.
  public let count: Int

  @usableFromInline
  init(base: UnsafeMutablePointer<Element>, count: Int) {
    self.base = base
    self.count = count
  }

  /// The elements `range` of this view; the range must lie inside it.
  @inlinable
  public subscript(range: Range<Int>) -> BufferView {
    require(range.lowerBound >= 0 && range.upperBound <= count, "the range lies outside of the view")
    return BufferView(base: base + range.lowerBound, count: range.count)
  }

  /// The first `length` elements.
  @inlinable
  public func prefix(_ length: Int) -> BufferView { self[0..<length] }

  /// One element.
  @inlinable
  public subscript(index: Int) -> Element {
    get {
      require(index >= 0 && index < count, "the index lies outside of the view")
      return base[index]
    }
    nonmutating set {
      require(index >= 0 && index < count, "the index lies outside of the view")
      base[index] = newValue
    }
  }

  /// Sets every element.
  @inlinable
  public func fill(_ value: Element) { base.update(repeating: value, count: count) }

  /// Copies `other`, which must be as long and must not overlap.
  @inlinable
  public func copy(from other: BufferView) {
    require(other.count == count, "views copied into each other are equally long")
    base.update(from: other.base, count: count)
  }

  /// Copies an array, which must be as long as the view.
  @inlinable
  public func copy(from array: [Element]) {
    require(array.count == count, "an array copied into a view is as long as the view")
    array.withUnsafeBufferPointer { if let source = $0.baseAddress { base.update(from: source, count: count) } }
  }

  /// The elements, copied.
  @inlinable
  public var array: [Element] { Array(UnsafeBufferPointer(start: base, count: count)) }

  /// The memory itself, for calls into C that take it (MPI, file output). Valid while the buffer lives.
  @inlinable
  public var unsafeBuffer: UnsafeMutableBufferPointer<Element> {
    UnsafeMutableBufferPointer(start: base, count: count)
  }
}

/// A precondition that stays in `-Ounchecked` builds, where `precondition` becomes an assumption.
@inlinable @inline(__always)
func require(_ holds: Bool, _ message: @autoclosure () -> StaticString) {
  if _slowPath(!holds) { requirementFailed(message()) }
}

@inline(never) @usableFromInline
func requirementFailed(_ message: StaticString) -> Never { fatalError("\(message)") }
