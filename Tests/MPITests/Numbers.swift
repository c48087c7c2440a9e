// Small whole numbers as any element type, and the sweep over all of them. Sums and products of what the tests use
// stay below 128, so every type represents them exactly.

import MPI
import RankTesting

/// What tests compute with: any element type.
typealias Number = Comparable & MPIScalar & Numeric

/// `value` as a `T`, which must represent it.
func number<T: Numeric>(_ value: Int) -> T {
  guard let result = T(exactly: value) else { preconditionFailure("\(T.self) cannot represent \(value)") }
  return result
}

func numbers<T: Numeric>(_ values: some Sequence<Int>) -> [T] { values.map { number($0) } }

/// The tests that `make` writes for one element type, for all of them.
func forEveryElementType(_ make: (any (Number).Type) -> [RankTest]) -> [RankTest] {
  let floatingPoint: [any (Number).Type] = [Float.self, Double.self]
  let signed: [any (Number).Type] = [Int8.self, Int16.self, Int32.self, Int64.self, Int.self]
  let unsigned: [any (Number).Type] = [UInt8.self, UInt16.self, UInt32.self, UInt64.self, UInt.self]
  return (floatingPoint + signed + unsigned).flatMap(make)
}

/// Memory that stays where it is, as non-blocking calls need it.
final class StableBuffer<T: MPIScalar> {
  let all: UnsafeMutableBufferPointer<T>

  init(_ values: [T]) {
    all = .allocate(capacity: values.count)
    _ = all.initialize(from: values)
  }

  deinit { all.deallocate() }

  var readOnly: UnsafeBufferPointer<T> { UnsafeBufferPointer(all) }
  var array: [T] { Array(all) }
}
