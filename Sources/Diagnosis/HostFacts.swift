// What one host has, as the first rank on it finds it, before anybody judges it.

import Datasets
import Foundation
import NumericKernels

/// Facts about a host.
public struct HostFacts: Codable, Equatable, Sendable {
  /// Free bytes where ranks share memory (`/dev/shm`); nil if there is no such place.
  public var sharedMemory: Int?
  /// Network interfaces that are up, but for the one that loops back.
  public var interfaces: [String] = []
  /// Variables of the environment that matter, with their values.
  public var environment: [String: String] = [:]
  /// Sets of instructions that the program was built to use and the CPU lacks.
  public var missingInstructions: [String] = []
  /// Vector instructions that the CPU has and the program was not built to use.
  public var unusedInstructions: String?
  /// The data set of the configuration; nil without one.
  public var dataset: DatasetPlace?
  /// The directory for results.
  public var output = DirectoryFacts()

  /// A host that nothing is known of.
  public init() {}

  /// Variables that are looked at.
  static let variables = [
    "OPENBLAS_L2_SIZE", "OMPI_MCA_btl_tcp_if_include", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS",
  ]

  /// Facts about this host.
  /// - Parameters:
  ///   - output: a directory that need not exist yet.
  public init(dataset options: DatasetOptions?, output path: String) {
    sharedMemory = DirectoryFacts.freeBytes(at: "/dev/shm")
    interfaces = Self.activeInterfaces
    environment = ProcessInfo.processInfo.environment.filter { Self.variables.contains($0.key) }
    let (built, available) = (Set(Processor.builtInstructions), Processor.instructions)
    if !available.isEmpty {
      missingInstructions = built.subtracting(available).sorted()
      unusedInstructions = Processor.unusedInstructions(built: built, available: available)
    }
    dataset = options.map(DatasetPlace.init)
    output = DirectoryFacts(at: path)
  }

  private static var activeInterfaces: [String] {
    let root = "/sys/class/net"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    return names.filter { name in
      let state = try? String(contentsOfFile: "\(root)/\(name)/operstate", encoding: .utf8)
      return name != "lo" && ["up", "unknown"].contains(state?.trimmingCharacters(in: .whitespacesAndNewlines))
    }.sorted()
  }
}

/// Where the images of a configuration are on a host.
public struct DatasetPlace: Codable, Equatable, Sendable {
  /// The data set, as a configuration names it.
  public let name: String
  /// Where its files are; nil if they are nowhere.
  public let path: String?
  /// The places that were looked at, and what they lack.
  public let searched: [String]

  /// A place made in code.
  public init(name: String, path: String?, searched: [String]) {
    self.name = name
    self.path = path
    self.searched = searched
  }

  /// Looks for the files; nothing in them is read.
  init(_ options: DatasetOptions) {
    name = options.name.rawValue
    if let published = options.name.descriptor {
      let places = published.search(directory: options.directory)
      path = places.first(where: \.isComplete)?.path
      searched = places.map(\.description)
    } else {
      let place = options.file ?? options.directory ?? ""
      path = FileManager.default.isReadableFile(atPath: place) ? place : nil
      searched = [place]
    }
  }
}

/// A directory, or the nearest above it that exists.
public struct DirectoryFacts: Codable, Equatable, Sendable {
  /// The directory that was asked for.
  public var path = ""
  /// The nearest that exists.
  public var existing = ""
  /// Whether files can be made there.
  public var isWritable = true
  /// Free bytes there; nil where the system does not tell.
  public var free: Int?
  /// Whether a file that rank 0 made there is there on this host too.
  public var isShared = true

  /// A directory that nothing is known of.
  public init() {}

  init(at path: String) {
    self.path = path
    var place = URL(fileURLWithPath: path).standardizedFileURL
    while !FileManager.default.fileExists(atPath: place.path), place.path != "/" { place.deleteLastPathComponent() }
    var isDirectory: ObjCBool = false
    existing = place.path
    isWritable =
      FileManager.default.fileExists(atPath: existing, isDirectory: &isDirectory) && isDirectory.boolValue
      && FileManager.default.isWritableFile(atPath: existing)
    free = Self.freeBytes(at: existing)
  }

  static func freeBytes(at path: String) -> Int? {
    (try? FileManager.default.attributesOfFileSystem(forPath: path))?[.systemFreeSize].flatMap {
      ($0 as? NSNumber)?.intValue
    }
  }
}
