// What the CPU can do, against what this program was built for.

import CVector

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// The CPU that this process runs on. Sets of instructions are named as in Linux' `/proc/cpuinfo`.
public enum Processor {
  /// The sets that it has; empty where the system does not name them.
  public static var instructions: Set<String> {
    guard let file = fopen("/proc/cpuinfo", "re") else { return [] }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 1 << 14)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      if text.hasPrefix("flags") { return Set(text.split { $0 == " " || $0 == "\n" }.map(String.init)) }
    }
    return []
  }

  /// The sets that this program was built to use, of those that its kernels gain from; empty on other CPUs than x86.
  public static var builtInstructions: [String] {
    String(cString: built_instructions()).split(separator: " ").map(String.init)
  }

  /// The widest vector instructions among `available`, such as `AVX-512`, if `built` has only narrower ones; else nil.
  public static func unusedInstructions(built: Set<String>, available: Set<String>) -> String? {
    guard let widest = VectorInstructions(among: available) else { return nil }
    return widest.rawValue > VectorInstructions(among: built)?.rawValue ?? -1 ? widest.name : nil
  }
}

/// Families of vector instructions on x86, narrowest first.
enum VectorInstructions: Int, CaseIterable {
  case sse
  case avx
  case avx2
  case avx512

  /// The widest that a CPU with these sets of instructions has; nil on other CPUs than x86.
  init?(among instructions: Set<String>) {
    guard let widest = Self.allCases.last(where: { instructions.isSuperset(of: $0.flags) }) else { return nil }
    self = widest
  }

  var name: String {
    switch self {
    case .sse: "SSE"
    case .avx: "AVX"
    case .avx2: "AVX2"
    case .avx512: "AVX-512"
    }
  }

  private var flags: Set<String> {
    switch self {
    case .sse: ["sse4_2"]
    case .avx: ["avx"]
    case .avx2: ["avx2", "fma"]
    case .avx512: ["avx512f", "avx512bw", "avx512dq", "avx512vl"]
    }
  }
}
