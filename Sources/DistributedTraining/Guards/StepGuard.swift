// Judges every step before its gradients change the weights, by numbers that are the same on all ranks.
//
// A pass over all gradients would cost up to some percent of a small step. So only the stem's are looked at before the
// update: on its way back through the network, what is not finite reaches them. A gradient that overflows by itself, in
// some other layer, is found by the update, which reads all of them anyway and leaves out what is not finite.

import MPI
import NeuralNetwork

/// Judges the steps of a training. All ranks come to the same result.
final class StepGuard {
  private let communicator: Communicator
  private let options: ReliabilityOptions
  private let sums = AlignedBuffer<Double>(count: 2)
  /// The losses of the steps so far.
  var losses = LossMonitor()

  init(_ options: ReliabilityOptions, communicator: Communicator) {
    self.options = options
    self.communicator = communicator
  }

  /// Why a step was not made.
  struct Refusal {
    let symptom: Divergence.Symptom
    /// Whether the weights are still those that the gradients were computed with.
    let weightsAreIntact: Bool
  }

  /// Makes the optimizer's step, unless loss or gradients forbid it: then returns why. Collective.
  ///
  /// - Parameters:
  ///   - result: the loss of this rank's share, summed over its `answers`.
  ///   - step: makes the step with all gradients that are finite, and returns whether all are.
  func update(
    _ network: DepthNetwork, _ result: CrossEntropy, answers: Int, _ step: () -> Bool
  ) throws(MPIError) -> Refusal? {
    if let symptom = try judge(result, answers: answers) { return Refusal(symptom: symptom, weightsAreIntact: true) }
    guard network.stemGradientIsFinite else { return Refusal(symptom: .gradient, weightsAreIntact: true) }
    return step() ? nil : Refusal(symptom: .gradient, weightsAreIntact: false)
  }

  private func judge(_ result: CrossEntropy, answers: Int) throws(MPIError) -> Divergence.Symptom? {
    sums.view[0] = result.loss
    sums.view[1] = Double(answers)
    try communicator.allreduce(sums.view.unsafeBuffer, .sum)
    let loss = sums.view[0] / max(sums.view[1], 1)
    guard loss.isFinite else { return .loss(loss) }
    if let threshold = options.spikeThreshold, let deviations = losses.deviations(of: loss), deviations > threshold {
      return .spike(loss: loss, deviations: deviations)
    }
    losses.add(loss)
    return nil
  }

  /// Whether the ranks' weights are to be compared after so many steps of an epoch.
  func isTimeToVerify(afterStep step: Int) -> Bool {
    options.verifySteps > 0 && communicator.size > 1 && step.isMultiple(of: options.verifySteps)
  }
}
