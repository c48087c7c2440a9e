// What goes on between the parts of kernels.

import Foundation
import NumericKernels
import Testing

/// Counts its calls, and those by another thread than the first's.
private final class Counter: BackgroundWork {
  private let thread = pthread_self()
  private(set) var calls = 0
  private(set) var foreignCalls = 0

  func advance() {
    calls += 1
    if pthread_equal(pthread_self(), thread) == 0 { foreignCalls += 1 }
  }
}

@Suite("Work in the background of kernels")
struct BackgroundWorkTests {
  @Test("goes on between the parts of a convolution, by the caller, and changes no bit", arguments: [1, 3])
  func convolution(threads: Int) {
    let calls = ConvolutionCalls(ConvolutionCase(14, 14, 64, 64, .three, images: 20))
    let counter = Counter()
    let results = calls.allResults(KernelFamily.fast.kernels(threads: threads, background: counter))
    expectIdentity(results, calls.allResults(KernelFamily.fast.kernels(threads: threads)), "with background work")
    // Ten passes and more, each of several parts, of which the caller takes its share.
    #expect(counter.calls > (threads == 1 ? 50 : 10), "\(counter.calls)")
    #expect(counter.foreignCalls == 0)
  }
}
