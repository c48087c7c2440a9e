// The update step, and the norms that adaptive rates follow from, in plain loops.

extension ReferenceKernels {
  func momentumStep(
    values: FloatView, gradients: FloatView, momenta: FloatView, learningRate: Float, momentum: Float,
    weightDecay: Float, factor: Float
  ) -> Bool {
    for i in 0..<gradients.count where !gradients[i].isFinite { return false }
    for i in 0..<values.count {
      let gradient = Double(gradients[i]) + Double(weightDecay) * Double(values[i])
      let m = Double(momentum) * Double(momenta[i]) + Double(factor) * gradient
      momenta[i] = Float(m)
      values[i] = Float(Double(values[i]) - Double(learningRate) * m)
    }
    return true
  }

  var squaredNormWorkspace: Int { 0 }

  func squaredNorm(_ values: FloatView, workspace: BufferView<Double>) -> Double {
    var sum = 0.0
    for i in 0..<values.count { sum += Double(values[i]) * Double(values[i]) }
    return sum
  }
}
