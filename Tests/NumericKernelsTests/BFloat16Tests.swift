// 16-bit floats against a reference that looks at the two neighbours of every number.

import NumericKernels
import Testing

/// What rounding to bfloat16 means: the nearer of the two neighbours, of equally near ones the one whose last bit is 0.
/// Numbers not nearer to the largest than to its next step are infinite.
private func reference(_ value: Float) -> UInt16 {
  let upper = UInt16(value.bitPattern >> 16)
  if value.isNaN { return upper | 0x40 }
  if value.isInfinite { return upper }
  // The next step away from zero; behind the largest number it is infinity's pattern, which stands for 2¹²⁸ here.
  func magnitude(_ bits: UInt16) -> Double {
    bits & 0x7FFF == 0x7F80 ? 0x1p128 : Double(Float(bitPattern: UInt32(bits & 0x7FFF) << 16))
  }
  let exact = Double(value.magnitude)
  let (below, above) = (exact - magnitude(upper), magnitude(upper + 1) - exact)
  return below < above || (below == above && upper & 1 == 0) ? upper : upper + 1
}

private func float(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

private func isSame(_ a: UInt16, _ b: UInt16) -> Bool { a == b || (float(a).isNaN && float(b).isNaN) }

@Suite("16-bit floats")
struct BFloat16Tests {
  /// Every upper half with lower halves around none, the tie and the next step: all signs, exponents, denormals,
  /// infinities and what is not a number.
  @Test("every number is rounded to the nearest, ties to even, and what is lost is kept")
  func everyUpperHalf() {
    let lower: [UInt32] = [0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF]
    let count = 65_536 * lower.count
    let (values, residuals) = (AlignedBuffer<Float>(count: count), AlignedBuffer<Float>(count: count))
    let rounded = AlignedBuffer<UInt16>(count: count)
    let expanded = AlignedBuffer<Float>(count: count)
    withExtendedLifetime((values, residuals, rounded, expanded)) {
      for i in 0..<count { values.view[i] = Float(bitPattern: UInt32(i / 6) << 16 | lower[i % 6]) }
      BFloat16.round(values.view, residuals: residuals.view, into: rounded.view)
      BFloat16.expand(rounded.view, into: expanded.view)
      var wrong: [Float] = []
      for i in 0..<count {
        // Nothing is owed yet, but a zero that is added makes −0 a plain one.
        let (value, found, lost) = (values.view[i] + 0, rounded.view[i], residuals.view[i])
        let isRight = isSame(found, reference(value)) && (value.isNaN == float(found).isNaN)
        let isKept = float(found).isFinite ? Double(lost) == Double(value) - Double(float(found)) : lost == 0
        let isBack = expanded.view[i].bitPattern == UInt32(found) << 16
        if !(isRight && isKept && isBack) { wrong.append(value) }
      }
      #expect(wrong.isEmpty, "\(wrong.count) of them, such as \(wrong.prefix(5))")
    }
  }

  @Test("views of any length and alignment", arguments: [0, 1, 15, 16, 17, 33, 100], [0, 1, 7])
  func anyView(count: Int, offset: Int) {
    let memory = Memory()
    func random(_ index: Int) -> FloatView { memory.random(count + offset, index)[offset..<offset + count] }
    let (values, residuals, parts) = (random(1), random(2), 3)
    let wire = AlignedBuffer<UInt16>(count: offset + (parts + 1) * count + 1)
    withExtendedLifetime(wire) {
      wire.view[wire.count - 1] = 77
      let before = zip(values.array, residuals.array).map { $0 + $1 }
      let rounded = wire.view[offset..<offset + count]
      BFloat16.round(values, residuals: residuals, into: rounded)
      #expect(rounded.array == before.map(reference))
      #expect(residuals.array == zip(before, rounded.array).map { $0 - float($1) })

      // The rounded values three times over, added in their order to what is left of another sum.
      let all = wire.view[offset..<offset + parts * count]
      for part in 1..<parts { all[part * count..<(part + 1) * count].copy(from: rounded) }
      let sums = wire.view[offset + parts * count..<offset + (parts + 1) * count]
      let owed = random(3)
      let totals = zip(rounded.array, owed.array).map { bits, rest in
        (0..<parts).reduce(Float(0)) { sum, _ in sum + float(bits) } + rest
      }
      BFloat16.roundSum(of: all, residuals: owed, into: sums)
      #expect(sums.array == totals.map(reference))
      #expect(owed.array == zip(totals, sums.array).map { $0 - float($1) })
      #expect(wire.view[wire.count - 1] == 77, "nothing is written behind the end")
      memory.expectIntact()
    }
  }

  @Test("a sum of what is not a number or not finite is not either, and owes nothing")
  func divergence() {
    let parts = AlignedBuffer<UInt16>(count: 4)
    let (residuals, sums) = (AlignedBuffer<Float>(count: 2), AlignedBuffer<UInt16>(count: 2))
    withExtendedLifetime((parts, residuals, sums)) {
      parts.view.copy(from: [0x7FC0, 0x7F80, 0x3F80, 0x3F80])
      residuals.view.fill(1)
      BFloat16.roundSum(of: parts.view, residuals: residuals.view, into: sums.view)
      #expect(float(sums.view[0]).isNaN && float(sums.view[1]) == .infinity)
      #expect(residuals.view.array == [0, 0])
    }
  }

  @Test("over many steps nothing is lost")
  func errorFeedback() {
    let values = AlignedBuffer<Float>(count: 40)
    let residuals = AlignedBuffer<Float>(count: 40)
    let rounded = AlignedBuffer<UInt16>(count: 40)
    withExtendedLifetime((values, residuals, rounded)) {
      for i in 0..<40 { values.view[i] = 1 + Float(i) / 1_000 }
      var sums = [Double](repeating: 0, count: 40)
      for _ in 0..<1_000 {
        BFloat16.round(values.view, residuals: residuals.view, into: rounded.view)
        for i in 0..<40 { sums[i] += Double(float(rounded.view[i])) }
      }
      // Between 1 and 2 neighbours are 2⁻⁷ apart: half of that is what can be owed, besides a thousand roundings of the
      // 32-bit sum. Without feedback up to 3.9 would be missing.
      for i in 0..<40 { #expect(abs(sums[i] - 1_000 * Double(values.view[i])) <= 0x1p-8 + 1_000 * 0x1p-24, "\(i)") }
    }
  }
}
