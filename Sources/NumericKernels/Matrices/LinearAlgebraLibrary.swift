// What there is to know about OpenBLAS, and about the CPU that it chose its kernels for.

import COpenBLAS

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// The BLAS library in use.
public enum LinearAlgebraLibrary {
  /// The CPU core type that OpenBLAS chose its kernels for, such as `SkylakeX`.
  public static var coreType: String { String(cString: openblas_get_corename()) }

  /// The version and build options that OpenBLAS reports, such as `OpenBLAS 0.3.21 DYNAMIC_ARCH Zen MAX_THREADS=64`.
  public static var configuration: String { String(cString: openblas_get_config()) }

  /// The version, such as `0.3.21`; empty if OpenBLAS reports none.
  public static var version: String {
    configuration.split(separator: " ").first { $0.first?.isNumber ?? false }.map(String.init) ?? ""
  }

  /// The environment's variable that makes OpenBLAS take the kernels of a core type, whatever the CPU is.
  public static let coreTypeVariable = "OPENBLAS_CORETYPE"

  /// The instructions of this CPU that OpenBLAS leaves unused because the environment chose another core type for it; nil
  /// where the choice was its own, or there are none.
  public static var unusedInstructions: String? {
    guard getenv(coreTypeVariable) != nil else { return nil }
    return unusedInstructions(coreType: coreType, processorFlags: Processor.instructions)
  }

  /// The widest vector instructions among `processorFlags`, named as in Linux' `/proc/cpuinfo`, if the kernels of
  /// `coreType` are written for narrower ones.
  public static func unusedInstructions(coreType: String, processorFlags: Set<String>) -> String? {
    let available = VectorInstructions(among: processorFlags)
    guard let available, available.rawValue > VectorInstructions(coreType: coreType).rawValue else { return nil }
    return available.name
  }
}

extension VectorInstructions {
  /// What OpenBLAS' kernels of a core type are written for; the widest for those that it does not know by another name.
  init(coreType: String) {
    self =
      switch coreType.lowercased() {
      case "haswell", "zen": .avx2
      case "sandybridge", "bulldozer", "piledriver", "steamroller", "excavator": .avx
      case "nehalem", "penryn", "dunnington", "core2", "prescott", "northwood", "katmai", "coppermine", "banias",
        "atom", "athlon", "opteron", "opteron_sse3", "barcelona", "bobcat", "nano":
        .sse
      default: .avx512
      }
  }
}
