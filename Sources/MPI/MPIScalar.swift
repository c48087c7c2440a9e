// The element types that buffers and messages are made of, and what MPI calls them.

internal import CMPI

/// MPI's description of an element type in memory.
public struct Datatype {
  let handle: MPI_Datatype
}

/// A number that MPI can move and reduce: it has one of MPI's predefined datatypes.
public protocol MPIScalar: AdditiveArithmetic, BitwiseCopyable, Sendable {
  /// MPI's datatype of the same size and kind.
  static var datatype: Datatype { get }
}

extension Float: MPIScalar {
  /// `MPI_FLOAT`.
  public static var datatype: Datatype { Datatype(handle: cmpi_float()) }
}

extension Double: MPIScalar {
  /// `MPI_DOUBLE`.
  public static var datatype: Datatype { Datatype(handle: cmpi_double()) }
}

extension Int8: MPIScalar {
  /// `MPI_INT8_T`.
  public static var datatype: Datatype { Datatype(handle: cmpi_int8()) }
}

extension Int16: MPIScalar {
  /// `MPI_INT16_T`.
  public static var datatype: Datatype { Datatype(handle: cmpi_int16()) }
}

extension Int32: MPIScalar {
  /// `MPI_INT32_T`.
  public static var datatype: Datatype { Datatype(handle: cmpi_int32()) }
}

extension Int64: MPIScalar {
  /// `MPI_INT64_T`.
  public static var datatype: Datatype { Datatype(handle: cmpi_int64()) }
}

extension Int: MPIScalar {
  /// `MPI_INT64_T`; `Int` has 64 bits on every platform that this module supports.
  public static var datatype: Datatype { Int64.datatype }
}

extension UInt8: MPIScalar {
  /// `MPI_UINT8_T`.
  public static var datatype: Datatype { Datatype(handle: cmpi_uint8()) }
}

extension UInt16: MPIScalar {
  /// `MPI_UINT16_T`.
  public static var datatype: Datatype { Datatype(handle: cmpi_uint16()) }
}

extension UInt32: MPIScalar {
  /// `MPI_UINT32_T`.
  public static var datatype: Datatype { Datatype(handle: cmpi_uint32()) }
}

extension UInt64: MPIScalar {
  /// `MPI_UINT64_T`.
  public static var datatype: Datatype { Datatype(handle: cmpi_uint64()) }
}

extension UInt: MPIScalar {
  /// `MPI_UINT64_T`; `UInt` has 64 bits on every platform that this module supports.
  public static var datatype: Datatype { UInt64.datatype }
}
