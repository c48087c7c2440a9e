// What the tests of kernels share: memory that notices strays, random numbers, and comparisons of results.

import NumericKernels
import Testing

/// Numbers that a kernel gave, under a name. Floats are kept as doubles, which changes no bit of them.
struct Result: Sendable {
  let name: String
  let values: [Double]

  init<Element: BinaryFloatingPoint>(_ name: String, _ view: BufferView<Element>) {
    self.name = name
    values = view.array.map { Double($0) }
  }
}

/// Keeps every buffer of a test alive until the test ends. Buffers begin as not-a-number, so that nobody can count on
/// zeros, and end in a margin that nobody may write to.
final class Memory {
  private static let margin = 64
  private var owners: [AnyObject] = []
  private var margins: [() -> Bool] = []

  func allocate<Element: BinaryFloatingPoint & BitwiseCopyable>(_ count: Int) -> BufferView<Element> {
    let buffer = AlignedBuffer<Element>(count: count + Self.margin)
    let margin = buffer.view[count..<count + Self.margin]
    margin.fill(1234.5)
    owners.append(buffer)
    margins.append { margin.array.allSatisfy { $0 == 1234.5 } }
    let view = buffer.view.prefix(count)
    view.fill(.nan)
    return view
  }

  /// Uniform in ±1; the same for the same `index`.
  func random(_ count: Int, _ index: Int) -> FloatView {
    let view: FloatView = allocate(count)
    var stream = RandomStream(seed: 7, purpose: .test, index: index)
    for i in 0..<count { view[i] = 2 * stream.uniform() - 1 }
    return view
  }

  func copy(_ other: FloatView) -> FloatView {
    let view: FloatView = allocate(other.count)
    view.copy(from: other)
    return view
  }

  func randomAffine(_ channels: Int, _ index: Int) -> ChannelAffine {
    ChannelAffine(scale: random(channels, index), shift: random(channels, index + 1))
  }

  /// Expects that nothing was written behind the end of a buffer.
  func expectIntact(sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(margins.allSatisfy { $0() }, "a kernel wrote behind the end of a view", sourceLocation: sourceLocation)
  }
}

/// A way to run the fast kernels.
struct Setting: Sendable, CustomStringConvertible {
  let engine: MatrixEngine
  let threads: Int

  static let all = [1, 2, 3, 5].flatMap { threads in
    MatrixEngine.allCases.map { Setting(engine: $0, threads: threads) }
  }

  var kernels: any Kernels { KernelFamily.fast.kernels(threads: threads, engine: engine) }
  var description: String { "\(engine), \(threads) threads" }
}

/// Expects the norm of the difference to be at most 10⁻⁵ of the reference's: sums of n products in 32-bit floats err by
/// about √n · 6·10⁻⁸, and Winograd's transforms multiply that by less than ten.
func expectAgreement(
  _ results: [Result], _ reference: [Result], _ setting: String, sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(results.map(\.name) == reference.map(\.name), sourceLocation: sourceLocation)
  for (ours, theirs) in zip(results, reference) {
    #expect(ours.values.count == theirs.values.count, "\(ours.name)", sourceLocation: sourceLocation)
    var (difference, norm) = (0.0, 0.0)
    for (a, b) in zip(ours.values, theirs.values) {
      difference += (a - b) * (a - b)
      norm += b * b
    }
    #expect(
      difference.squareRoot() <= 1e-5 * norm.squareRoot(),
      "\(ours.name), \(setting): \((difference / norm).squareRoot())", sourceLocation: sourceLocation)
    #expect(norm > 0 || theirs.values.isEmpty, "\(ours.name) shows nothing", sourceLocation: sourceLocation)
  }
}

/// Expects the same bits.
func expectIdentity(
  _ results: [Result], _ others: [Result], _ setting: String, sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(results.map(\.name) == others.map(\.name), sourceLocation: sourceLocation)
  for (ours, theirs) in zip(results, others) {
    #expect(ours.values.allSatisfy { !$0.isNaN }, "\(ours.name), \(setting)", sourceLocation: sourceLocation)
    #expect(
      ours.values.map(\.bitPattern) == theirs.values.map(\.bitPattern), "\(ours.name), \(setting)",
      sourceLocation: sourceLocation)
  }
}

/// Runs `body` with the reference and with fast kernels of every setting, and expects the same results.
func expectAgreement(
  settings: [Setting] = Setting.all, sourceLocation: SourceLocation = #_sourceLocation,
  _ body: (any Kernels, Memory) -> [Result]
) {
  func results(_ kernels: any Kernels) -> [Result] {
    let memory = Memory()
    defer { memory.expectIntact(sourceLocation: sourceLocation) }
    return body(kernels, memory)
  }
  let reference = results(KernelFamily.reference.kernels())
  for setting in settings {
    expectAgreement(results(setting.kernels), reference, "\(setting)", sourceLocation: sourceLocation)
  }
}
