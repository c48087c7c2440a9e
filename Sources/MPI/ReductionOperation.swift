// How a reduction combines the ranks' elements.

internal import CMPI

/// A predefined, commutative operation of MPI on `Element`s.
///
/// Logical and bitwise operations exist for integers only, as in the MPI standard (MPI 3.1, 5.9.2).
public struct ReductionOperation<Element: MPIScalar> {
  let handle: MPI_Op
  /// What messages call it.
  let name: StaticString

  /// The sum. Integers wrap around.
  public static var sum: Self { Self(handle: cmpi_sum(), name: "sum") }
  /// The product. Integers wrap around.
  public static var product: Self { Self(handle: cmpi_product(), name: "product") }
  /// The smallest element. MPICH 4.0 compares unsigned integers as signed ones.
  public static var min: Self { Self(handle: cmpi_min(), name: "min") }
  /// The largest element. MPICH 4.0 compares unsigned integers as signed ones.
  public static var max: Self { Self(handle: cmpi_max(), name: "max") }
}

extension ReductionOperation where Element: FixedWidthInteger {
  /// Not 0 where every rank's element is not 0, else 0. (On one rank, libraries differ in whether it is made 1.)
  public static var logicalAnd: Self { Self(handle: cmpi_logical_and(), name: "logical and") }
  /// Not 0 where some rank's element is not 0, else 0. (On one rank, libraries differ in whether it is made 1.)
  public static var logicalOr: Self { Self(handle: cmpi_logical_or(), name: "logical or") }
  /// The bits that are set on every rank.
  public static var bitwiseAnd: Self { Self(handle: cmpi_bitwise_and(), name: "bitwise and") }
  /// The bits that are set on some rank.
  public static var bitwiseOr: Self { Self(handle: cmpi_bitwise_or(), name: "bitwise or") }
  /// The bits that are set on an odd number of ranks.
  public static var bitwiseXor: Self { Self(handle: cmpi_bitwise_xor(), name: "bitwise exclusive or") }
}
