// What this machine can do at most.

import CVector

/// The two limits of a kernel: arithmetic and memory. Williams, Waterman and Patterson, "Roofline" (2009).
public struct Roofline: Codable, Sendable {
  /// Multiplications and additions per second, 32 bits, of all threads.
  public let operationsPerSecond: Double
  /// Bytes per second read from memory by all threads.
  public let bytesPerSecond: Double

  /// Measures both, in about a fifth of a second: chains of fused multiply-adds in registers, and sums over 256 MB.
  public static func measure(threads: Int, on processors: [Int] = []) -> Roofline {
    let pool = ThreadPool(threads: threads, on: processors)
    let buffer = AlignedBuffer<Float>(count: 64 << 20)
    let results = AlignedBuffer<Float>(count: 16 * threads)
    return withExtendedLifetime((buffer, results)) {
      func rate(_ amount: Double, _ body: () -> Void) -> Double {
        let times = (0..<3).map { _ in
          let start = ContinuousClock.now
          body()
          return start.duration(to: .now) / .seconds(1)
        }
        return amount / (times.min() ?? 1)
      }
      let turns = 2_000_000
      let arithmetic = Arithmetic(turns: turns, results: results.view.vectors)
      let reading = Reading(
        source: buffer.view.vectors, count: buffer.count / 16 / threads, results: results.view.vectors)
      return Roofline(
        operationsPerSecond: rate(2 * 16 * 12 * Double(turns * threads)) { pool.run(threads, arithmetic) },
        bytesPerSecond: rate(4 * Double(buffer.count)) { pool.run(threads, reading) })
    }
  }

  /// The least seconds that so much work takes.
  public func seconds(operations: Double, bytes: Double) -> Double {
    max(operations / operationsPerSecond, bytes / bytesPerSecond)
  }

  /// Twelve independent chains, more than the latency of an instruction times the instructions per cycle.
  private struct Arithmetic: ParallelTask {
    let turns: Int
    let results: VectorPointer

    func run(part: Int, thread: Int) {
      let start = Vector(repeating: 1)
      let (factor, summand) = (Vector(repeating: 0.999), Vector(repeating: 0.001))
      var (a, b, c, d, e, f) = (start, start, start, start, start, start)
      var (g, h, i, j, k, l) = (start, start, start, start, start, start)
      for _ in 0..<turns {
        a = vector_fma(a, factor, summand)
        b = vector_fma(b, factor, summand)
        c = vector_fma(c, factor, summand)
        d = vector_fma(d, factor, summand)
        e = vector_fma(e, factor, summand)
        f = vector_fma(f, factor, summand)
        g = vector_fma(g, factor, summand)
        h = vector_fma(h, factor, summand)
        i = vector_fma(i, factor, summand)
        j = vector_fma(j, factor, summand)
        k = vector_fma(k, factor, summand)
        l = vector_fma(l, factor, summand)
      }
      results[part] = ((a + b) + (c + d)) + ((e + f) + (g + h)) + ((i + j) + (k + l))
    }
  }

  private struct Reading: ParallelTask {
    let source: VectorPointer
    let count: Int
    let results: VectorPointer

    func run(part: Int, thread: Int) {
      var (a, b, c, d) = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)
      let start = source + part * count
      for i in stride(from: 0, to: count & ~3, by: 4) {
        a += start[i]
        b += start[i &+ 1]
        c += start[i &+ 2]
        d += start[i &+ 3]
      }
      results[part] = (a + b) + (c + d)
    }
  }
}
