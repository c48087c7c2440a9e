// What can go wrong in MPI, as one typed error, and the one place that turns a return code into it.

internal import CMPI

/// An error of a call to this module.
///
/// Errors are local: one rank may throw while the others wait in the same collective operation. A program that does
/// not recover on all ranks together should print the error and call `Communicator.abort(_:)`.
public enum MPIError: Error, Equatable, Sendable {
  /// An MPI function returned an error.
  ///
  /// `function` is its C name, `message` MPI's own text, `rank` the caller's rank in the communicator of the call.
  case failed(function: String, errorClass: ErrorClass, message: String, rank: Int?)
  /// MPI was already initialised, or already finalised, in this process; it starts once.
  case alreadyInitialized
  /// The MPI library gives less thread support than the program needs.
  case threadLevel(required: ThreadLevel, provided: ThreadLevel)
  /// `rank` is not one of the communicator's ranks. `role` says what it was meant for: root, source or destination.
  case invalidRank(function: String, role: String, rank: Int, size: Int)
  /// A tag or colour outside `0...maximum`.
  case invalidArgument(function: String, argument: String, value: Int, maximum: Int)
  /// A buffer or list does not have the length that the operation needs.
  case sizeMismatch(function: String, argument: String, expected: Int, found: Int)
  /// A buffer cannot be cut into one equal part for each of `size` ranks.
  case notDivisible(function: String, count: Int, size: Int)
  /// The root passed nil, or a value that cannot be encoded, to an operation that distributes its data.
  case missingAtRoot(function: String, root: Int)
  /// More elements than one call can take.
  case countTooLarge(function: String, count: Int, maximum: Int)
  /// A message is not a whole number of elements of the type asked for.
  case wrongElementType(function: String, type: String, source: Int, tag: Int)
  /// The host does not give its ranks `bytes` bytes of memory to share.
  case sharedMemory(function: String, bytes: Int, reason: String)
  /// The ranks made different calls where each was to make the communicator's collective call `number`, from 1; `calls`
  /// has them by rank. Only where collectives are checked. The program cannot go on: the ranks are out of step.
  case collectiveMismatch(number: Int, calls: [String])
  /// A value could not be written as JSON by `rank`, or not be read back there.
  case coding(function: String, type: String, reason: String, rank: Int)

  /// The standard classes of MPI's errors that occur here.
  public enum ErrorClass: String, Sendable {
    /// `MPI_ERR_BUFFER`: no valid buffer.
    case buffer
    /// `MPI_ERR_COUNT`: no valid number of elements.
    case count
    /// `MPI_ERR_TYPE`: no valid datatype.
    case type
    /// `MPI_ERR_TAG`: no valid tag.
    case tag
    /// `MPI_ERR_COMM`: no valid communicator.
    case communicator
    /// `MPI_ERR_RANK`: no rank of the communicator.
    case rank
    /// `MPI_ERR_REQUEST`: no valid request.
    case request
    /// `MPI_ERR_ROOT`: no valid root.
    case root
    /// `MPI_ERR_OP`: no operation, or none for this datatype.
    case operation
    /// `MPI_ERR_ARG`: another argument that is not valid.
    case argument
    /// `MPI_ERR_TRUNCATE`: a message is longer than the buffer for it.
    case truncate
    /// `MPI_ERR_IN_STATUS`: one of several operations failed; its status says how.
    case inStatus
    /// `MPI_ERR_PENDING`: another of several operations failed, this one has not ended.
    case pending
    /// `MPI_ERR_NO_MEM`: no memory left.
    case noMemory
    /// `MPI_ERR_INTERN`: an error inside the library.
    case intern
    /// `MPI_ERR_OTHER`: what has no class of its own; the message tells more.
    case other
    /// A class that is not listed here; the message tells more.
    case unlisted
  }
}

extension MPIError: CustomStringConvertible {
  /// What was expected, what was found, and what to do.
  public var description: String {
    switch self {
    case .failed(let function, let errorClass, let message, let rank):
      let place = rank.map { " on rank \($0)" } ?? ""
      return "\(function) failed\(place): \(message) (error class: \(errorClass.rawValue))"
    case .alreadyInitialized:
      return "MPI is initialised once in a process, and it has been; pass the first Universe on"
    case .threadLevel(let required, let provided):
      return "this program needs MPI thread level '\(required)', the library provides '\(provided)'; "
        + "use an MPI built with thread support"
    case .invalidRank(let function, let role, let rank, let size):
      return "\(function): the \(role) is a rank in 0..<\(size), not \(rank)"
    case .invalidArgument(let function, let argument, let value, let maximum):
      return "\(function): the \(argument) is a number in 0...\(maximum), not \(value)"
    case .sizeMismatch(let function, let argument, let expected, let found):
      return "\(function): \(argument) needs \(expected) elements and has \(found)"
    case .notDivisible(let function, let count, let size):
      return "\(function): \(count) elements cannot be cut into equal parts for \(size) ranks"
    case .missingAtRoot(let function, let root):
      return "\(function): rank \(root) is the root and sends the data, but had none to send"
    case .countTooLarge(let function, let count, let maximum):
      return "\(function): \(count) elements are more than the \(maximum) that one call can take; split the buffer"
    case .wrongElementType(let function, let type, let source, let tag):
      return "\(function): the message from rank \(source) with tag \(tag) is not a whole number of \(type)s"
    case .sharedMemory(let function, let bytes, let reason):
      return "\(function): the host does not give \(bytes) bytes of shared memory: \(reason); "
        + "its ranks need one /dev/shm with room for it, which containers keep small unless told otherwise"
    case .collectiveMismatch(let number, let calls):
      return "the ranks' collective calls differ, each rank's number \(number) of this communicator: "
        + Self.grouped(calls)
    case .coding(let function, let type, let reason, let rank):
      return "\(function): a value of type \(type) did not pass through JSON on rank \(rank): \(reason)"
    }
  }
}

extension MPIError {
  /// The ranks that made each call, such as `ranks 0 and 2: MPI_Barrier; rank 1: MPI_Bcast of 3 Int from rank 0`.
  private static func grouped(_ calls: [String]) -> String {
    var groups: [(call: String, ranks: [Int])] = []
    for (rank, call) in calls.enumerated() {
      if let known = groups.firstIndex(where: { $0.call == call }) {
        groups[known].ranks.append(rank)
      } else {
        groups.append((call, [rank]))
      }
    }
    return groups.map { group in
      let names = group.ranks.map(String.init)
      let list = names.dropLast().joined(separator: ", ") + (names.count > 1 ? " and " : "") + (names.last ?? "")
      return "\(names.count > 1 ? "ranks" : "rank") \(list): \(group.call)"
    }.joined(separator: "; ")
  }
}

/// Throws the MPI error that `code`, the result of `function`, stands for; returns on success.
@inline(__always)
func check(_ code: Int32, _ function: StaticString, rank: Int? = nil) throws(MPIError) {
  if _slowPath(code != cmpi_success()) { throw failure(code, function, rank: rank) }
}

@inline(never)
private func failure(_ code: Int32, _ function: StaticString, rank: Int?) -> MPIError {
  let message =
    string(capacity: cmpi_max_error_string()) { MPI_Error_string(code, $0, $1) } ?? "MPI has no text for code \(code)"
  return .failed(function: "\(function)", errorClass: errorClass(of: code), message: message, rank: rank)
}

/// Codes are the library's own; only their class can be compared.
func errorClass(of code: Int32) -> MPIError.ErrorClass {
  var value: Int32 = 0
  guard MPI_Error_class(code, &value) == cmpi_success() else { return .unlisted }
  let classes: [(Int32, MPIError.ErrorClass)] = [
    (cmpi_err_buffer(), .buffer), (cmpi_err_count(), .count), (cmpi_err_type(), .type), (cmpi_err_tag(), .tag),
    (cmpi_err_comm(), .communicator), (cmpi_err_rank(), .rank), (cmpi_err_request(), .request),
    (cmpi_err_root(), .root), (cmpi_err_op(), .operation), (cmpi_err_arg(), .argument),
    (cmpi_err_truncate(), .truncate), (cmpi_err_in_status(), .inStatus), (cmpi_err_pending(), .pending),
    (cmpi_err_no_mem(), .noMemory), (cmpi_err_intern(), .intern), (cmpi_err_other(), .other),
  ]
  return classes.first { $0.0 == value }?.1 ?? .unlisted
}

/// The text that `fill` writes into a buffer of `capacity` bytes, reporting its length; nil if it fails.
func string(
  capacity: Int32, _ fill: (UnsafeMutablePointer<CChar>, UnsafeMutablePointer<Int32>) -> Int32
) -> String? {
  var length: Int32 = 0
  return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(capacity) + 1) { buffer in
    guard let start = buffer.baseAddress, fill(start, &length) == cmpi_success() else { return nil }
    let bytes = buffer.prefix(Int(min(max(length, 0), capacity))).map { UInt8(bitPattern: $0) }
    return String(decoding: bytes, as: UTF8.self)
  }
}
