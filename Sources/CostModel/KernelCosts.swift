// The measured constants of a machine: what each kernel takes, by the amount of work.

import Foundation
import NeuralNetwork

/// Times of kernels on one rank.
public struct KernelCosts: Codable, Equatable, Sendable {
  /// A kernel's time at one amount of work.
  public struct Sample: Codable, Equatable, Sendable {
    /// As `KernelCall.size`; at least 1.
    public let size: Int
    /// Seconds of a call, above 0.
    public let seconds: Double

    /// So many seconds at a size.
    public init(size: Int, seconds: Double) {
      self.size = size
      self.seconds = seconds
    }
  }

  /// A kernel and its times.
  public struct Entry: Codable, Equatable, Sendable {
    /// The kernel.
    public let kernel: Kernel
    /// At least one, by ascending size.
    public let samples: [Sample]

    /// A kernel with its times, in any order.
    public init(_ kernel: Kernel, _ samples: [Sample]) {
      self.kernel = kernel
      self.samples = samples.sorted { $0.size < $1.size }
    }
  }

  /// Threads of the rank that was measured.
  public let threads: Int
  /// Each kernel once.
  public let entries: [Entry]
  private let places: [Kernel: Int]

  /// The costs of ranks with `threads` threads.
  ///
  /// - Throws: `CostModelError.wrong` for a kernel that is there twice or has no samples, for two samples of one size, or for
  ///   sizes and times that are not positive.
  public init(threads: Int, entries: [Entry]) throws(CostModelError) {
    self.threads = threads
    self.entries = entries
    var places: [Kernel: Int] = [:]
    for (index, entry) in entries.enumerated() {
      let (samples, name) = (entry.samples, entry.kernel.name)
      guard places.updateValue(index, forKey: entry.kernel) == nil else { throw .wrong("'\(name)' is there twice") }
      guard !samples.isEmpty, samples.allSatisfy({ $0.size > 0 && $0.seconds > 0 && $0.seconds.isFinite }) else {
        throw .wrong("'\(name)' needs positive sizes and times")
      }
      guard zip(samples, samples.dropFirst()).allSatisfy({ $0.size < $1.size }) else {
        throw .wrong("the times of '\(name)' need ascending sizes")
      }
    }
    self.places = places
  }

  /// Those of several networks on the same rank; what they have in common is taken from the first.
  /// - Precondition: there is one at least.
  /// - Throws: as `init(threads:entries:)`.
  public init(merging costs: [KernelCosts]) throws(CostModelError) {
    var known: Set<Kernel> = []
    let entries = costs.flatMap(\.entries).filter { known.insert($0.kernel).inserted }
    try self.init(threads: costs[0].threads, entries: entries)
  }

  private enum CodingKeys: CodingKey { case threads, entries }

  /// Reads what `encode(to:)` wrote, and refuses what `init` would.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      threads: values.decode(Int.self, forKey: .threads), entries: values.decode([Entry].self, forKey: .entries))
  }

  /// Seconds of a call: on the line between the two measured sizes around its own; below the first and beyond the last in
  /// proportion to that. A convolution that was not measured is taken to lie between those with other channels.
  ///
  /// - Throws: `CostModelError.unmeasured`.
  public func seconds(_ call: KernelCall) throws(CostModelError) -> Double {
    if let place = places[call.kernel] { return Self.seconds(call, samples: entries[place].samples) }
    guard let seconds = secondsBetweenWidths(call) else { throw .unmeasured(call.kernel.name) }
    return seconds
  }

  private static func seconds(_ call: KernelCall, samples: [Sample]) -> Double {
    let above = samples.firstIndex { $0.size >= call.size } ?? samples.count
    guard above > 0, above < samples.count else {
      let nearest = samples[above == 0 ? 0 : samples.count - 1]
      return nearest.seconds * Double(call.size) / Double(nearest.size)
    }
    let (low, high) = (samples[above - 1], samples[above])
    let slope = (high.seconds - low.seconds) / Double(high.size - low.size)
    return low.seconds + slope * Double(call.size - low.size)
  }

  /// Of the measured convolutions that differ in nothing but channels, the next narrower and the next wider one, or the two
  /// nearest: time as a power of the multiply-adds, which a straight line through logarithms is. Nil without two of them.
  private func secondsBetweenWidths(_ call: KernelCall) -> Double? {
    guard case .convolution(let shape, let pass) = call.kernel else { return nil }
    let others = entries.compactMap { entry -> (multiplyAdds: Double, seconds: Double)? in
      guard case .convolution(let other, pass) = entry.kernel, other.differsOnlyInChannels(from: shape) else {
        return nil
      }
      return (Double(other.multiplyAdds), Self.seconds(call, samples: entry.samples))
    }.sorted { $0.multiplyAdds < $1.multiplyAdds }
    guard others.count > 1 else { return nil }
    let own = Double(shape.multiplyAdds)
    let above = min(max(others.firstIndex { $0.multiplyAdds >= own } ?? others.count, 1), others.count - 1)
    let (narrow, wide) = (others[above - 1], others[above])
    let power = log(wide.seconds / narrow.seconds) / log(wide.multiplyAdds / narrow.multiplyAdds)
    return narrow.seconds * pow(own / narrow.multiplyAdds, power)
  }

  /// Seconds of calls one after the other.
  /// - Throws: `CostModelError.unmeasured`.
  public func seconds(_ calls: [KernelCall]) throws(CostModelError) -> Double {
    var sum = 0.0
    for call in calls { sum += try seconds(call) }
    return sum
  }
}

extension ConvolutionShape {
  /// Whether it is `other` of another width: with as many times the channels on both sides, or on one where the other is the
  /// image's, whose channels are not in sixteens.
  fileprivate func differsOnlyInChannels(from other: ConvolutionShape) -> Bool {
    let readsImages = inputChannels == other.inputChannels && !inputChannels.isMultiple(of: 16)
    let isScaled = readsImages || inputChannels * other.outputChannels == other.inputChannels * outputChannels
    return isScaled && outputChannels != other.outputChannels && height == other.height && width == other.width
      && kernel == other.kernel && stride == other.stride && padding == other.padding
  }
}
