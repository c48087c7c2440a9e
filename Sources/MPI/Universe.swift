// MPI's start and end in a process, and what there is to know about the library and the machine.

internal import CMPI

/// How a program's threads use MPI, from least to most.
public enum ThreadLevel: Int, Comparable, Sendable {
  /// The process has one thread.
  case single
  /// There are threads, but only the one that initialised MPI calls it.
  case funneled
  /// Any thread calls MPI, one at a time.
  case serialized
  /// Any thread calls MPI at any time.
  case multiple

  /// Orders by what is allowed.
  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  /// The highest level that `code` includes.
  init(code: Int32) {
    let levels: [ThreadLevel] = [.single, .funneled, .serialized, .multiple]
    self = levels.last { $0.code <= code } ?? .single
  }

  var code: Int32 {
    switch self {
    case .single: cmpi_thread_single()
    case .funneled: cmpi_thread_funneled()
    case .serialized: cmpi_thread_serialized()
    case .multiple: cmpi_thread_multiple()
    }
  }
}

/// The running MPI environment of this process: made by `initialize(requiring:)`, ended by `finalize()`.
///
/// A process that no launcher started is a world of one rank. A universe that goes out of scope without `finalize()`
/// leaves MPI running: the launcher then counts the process as failed and ends the other ranks, which is what an
/// error that only one rank met needs. Finalising there would wait for ranks that never come.
public struct Universe: ~Copyable {
  /// What the library provides; at least what was required.
  public let threadLevel: ThreadLevel
  /// All ranks of this run.
  public let world: Communicator
  /// This process alone.
  public let selfCommunicator: Communicator

  /// Starts MPI.
  ///
  /// - Parameters:
  ///   - level: how the program's threads use MPI.
  ///   - checkingCollectives: compare every collective call with those of the communicator's other ranks before it is
  ///     made. A program whose ranks are out of step then throws `MPIError.collectiveMismatch` on all of them instead of
  ///     hanging, unless a rank makes no call at all. Each call costs an exchange with all ranks more, and one that does
  ///     not block begins in earnest only when it is tested or waited for. All ranks must ask for it, or none.
  /// - Throws: `MPIError.alreadyInitialized` on a second call (also after `finalize()`), `MPIError.threadLevel` if
  ///   the library provides less than `level`.
  public static func initialize(
    requiring level: ThreadLevel = .funneled, checkingCollectives: Bool = false
  ) throws(MPIError) -> Universe {
    guard !isInitialized else { throw .alreadyInitialized }
    var code: Int32 = 0
    try check(MPI_Init_thread(nil, nil, level.code, &code), "MPI_Init_thread")
    let provided = ThreadLevel(code: code)
    guard provided >= level else {
      MPI_Finalize()
      throw .threadLevel(required: level, provided: provided)
    }
    return Universe(
      threadLevel: provided,
      world: try Communicator(handle: cmpi_comm_world(), isDerived: false, checksCollectives: checkingCollectives),
      selfCommunicator: try Communicator(
        handle: cmpi_comm_self(), isDerived: false, checksCollectives: checkingCollectives))
  }

  /// Ends MPI. Every rank calls it, after its last use of any communicator.
  public consuming func finalize() throws(MPIError) {
    try check(MPI_Finalize(), "MPI_Finalize", rank: world.rank)
  }

  /// Whether MPI was ever started in this process; true after `finalize()` too.
  public static var isInitialized: Bool {
    var flag: Int32 = 0
    return MPI_Initialized(&flag) == cmpi_success() && flag != 0
  }

  /// Whether MPI has ended in this process.
  public static var isFinalized: Bool {
    var flag: Int32 = 0
    return MPI_Finalized(&flag) == cmpi_success() && flag != 0
  }

  /// How threads may use the running library; nil before MPI starts and after it ends.
  public static var providedThreadLevel: ThreadLevel? {
    var code: Int32 = 0
    guard isInitialized, !isFinalized, MPI_Query_thread(&code) == cmpi_success() else { return nil }
    return ThreadLevel(code: code)
  }

  /// Seconds since some moment in the past, from MPI's monotonic clock. Clocks of different hosts do not agree.
  public var wtime: Double { MPI_Wtime() }

  /// The name of the host as MPI knows it; empty if MPI does not.
  public var processorName: String {
    string(capacity: cmpi_max_processor_name()) { MPI_Get_processor_name($0, $1) } ?? ""
  }

  /// The MPI library's name and version, its own text.
  public static var libraryVersion: String {
    string(capacity: cmpi_max_library_version_string()) { MPI_Get_library_version($0, $1) } ?? ""
  }

  /// The MPI library's name and version in short, such as `Open MPI 4.1.4` or `MPICH 4.0.2`.
  public static var libraryName: String { libraryName(from: libraryVersion) }

  /// The same, from the text of a library.
  public static func libraryName(from text: String) -> String {
    // "Open MPI v4.1.4, package: …", "MPICH Version:\t4.0.2\nMPICH Release date:\t…"
    let words = text.split { $0 == "," || $0 == "\n" }.first?.split { $0 == " " || $0 == "\t" } ?? []
    return words.filter { $0 != "Version:" }
      .map { $0.first == "v" && $0.dropFirst().first?.isNumber == true ? $0.dropFirst() : $0 }.joined(separator: " ")
  }

  /// The version of the MPI standard that the library implements, such as (3, 1).
  public var standardVersion: (major: Int, minor: Int) {
    var major: Int32 = 0
    var minor: Int32 = 0
    MPI_Get_version(&major, &minor)
    return (Int(major), Int(minor))
  }
}
