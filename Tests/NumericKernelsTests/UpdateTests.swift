// The update step, and norms, against the reference.

import NumericKernels
import Testing

/// The calls that updates consist of.
enum UpdateCalls {
  static func momentumStep(_ count: Int, factor: Float, _ kernels: any Kernels, _ memory: Memory) -> [Result] {
    let (values, momenta) = (memory.random(count, 1), memory.random(count, 3))
    let isFinite = kernels.momentumStep(
      values: values, gradients: memory.random(count, 2), momenta: momenta, learningRate: 0.1, momentum: 0.9,
      weightDecay: 5e-4, factor: factor)
    #expect(isFinite)
    return [Result("values", values), Result("momenta", momenta)]
  }

  static func squaredNorm(_ count: Int, _ kernels: any Kernels, _ memory: Memory) -> [Result] {
    let result: BufferView<Double> = memory.allocate(1)
    result[0] = kernels.squaredNorm(
      memory.random(count, 4), workspace: memory.allocate(kernels.squaredNormWorkspace))
    return [Result("squared norm", result)]
  }
}

@Suite("Fast updates agree with the reference")
struct UpdateTests {
  /// Also of fewer parameters than a step is cut into.
  static let counts = [1, 5, 16, 1_003, 100_003]

  @Test("the momentum step", arguments: counts, [1, 0.03] as [Float])
  func momentumStep(count: Int, factor: Float) {
    expectAgreement { UpdateCalls.momentumStep(count, factor: factor, $0, $1) }
  }

  @Test("a factor of 1 is none")
  func noFactor() {
    let memory = Memory()
    let (values, momenta) = (memory.random(99, 1), memory.random(99, 3))
    _ = KernelFamily.fast.kernels().momentumStep(
      values: values, gradients: memory.random(99, 2), momenta: momenta, learningRate: 0.1, momentum: 0.9,
      weightDecay: 5e-4)
    expectIdentity(
      [Result("values", values), Result("momenta", momenta)],
      UpdateCalls.momentumStep(99, factor: 1, KernelFamily.fast.kernels(), memory), "no factor")
  }

  @Test(
    "the momentum step finds a gradient that is infinite or no number, wherever it is, and does not apply it",
    arguments: KernelFamily.allCases, [Float.nan, .infinity, -.infinity])
  func divergedUpdate(family: KernelFamily, bad: Float) {
    // Blocks of 2048, in each of 64 parts.
    let count = 64 * 5_000
    for place in [0, 2_047, 2_048, 4_999, 5_000, 160_000, count - 1] {
      let memory = Memory()
      let (values, momenta) = (memory.random(count, 1), memory.random(count, 3))
      let gradients = memory.random(count, 2)
      gradients[place] = bad
      let (value, momentum) = (values[place], momenta[place])
      let isFinite = family.kernels(threads: 2).momentumStep(
        values: values, gradients: gradients, momenta: momenta, learningRate: 0.1, momentum: 0.9, weightDecay: 5e-4)
      #expect(!isFinite, "\(place)")
      #expect(values[place] == value && momenta[place] == momentum, "\(place)")
    }
  }

  @Test("squared norms", arguments: counts)
  func squaredNorm(count: Int) { expectAgreement { UpdateCalls.squaredNorm(count, $0, $1) } }

  @Test("squared norms of the largest and the smallest numbers", arguments: [1e30, 1e-30] as [Float])
  func extremes(value: Float) {
    let memory = Memory()
    let view: FloatView = memory.allocate(100)
    view.fill(value)
    let kernels = KernelFamily.fast.kernels()
    let norm = kernels.squaredNorm(view, workspace: memory.allocate(kernels.squaredNormWorkspace))
    let exact = 100 * Double(value) * Double(value)
    #expect(abs(norm - exact) <= 1e-14 * exact, "\(norm)")
  }

  @Test("nothing has the norm 0, and what is no number has none")
  func special() {
    let memory = Memory()
    for family in KernelFamily.allCases {
      let kernels = family.kernels(threads: 2)
      let workspace: BufferView<Double> = memory.allocate(kernels.squaredNormWorkspace)
      #expect(kernels.squaredNorm(memory.allocate(0), workspace: workspace) == 0)
      #expect(kernels.squaredNorm(memory.allocate(33), workspace: workspace).isNaN)
    }
  }
}
