// What is said about OpenBLAS.

import NumericKernels
import Testing

@Suite("OpenBLAS")
struct LinearAlgebraLibraryTests {
  @Test("has a version and a core type")
  func version() {
    #expect(LinearAlgebraLibrary.version.split(separator: ".").count >= 2, "\(LinearAlgebraLibrary.configuration)")
    #expect(!LinearAlgebraLibrary.coreType.isEmpty)
  }

  @Test(
    "is noticed to use less than the CPU has",
    arguments: [
      ("Haswell", 2, "AVX-512"), ("Zen", 2, "AVX-512"), ("Sandybridge", 2, "AVX-512"), ("Sandybridge", 1, "AVX2"),
      ("Nehalem", 0, "AVX"), ("Prescott", 2, "AVX-512"), ("SkylakeX", 2, nil), ("Cooperlake", 2, nil),
      ("Haswell", 1, nil), ("Zen", 1, nil), ("Sandybridge", 0, nil), ("Nehalem", -1, nil), ("armv8", -2, nil),
      ("NEOVERSEN1", -2, nil),
    ] as [(String, Int, String?)])
  func unused(coreType: String, width: Int, expected: String?) {
    let flags: [[String]] = [
      ["fpu", "sse2"], ["avx"], ["avx2", "fma"], ["avx512f", "avx512bw", "avx512dq", "avx512vl"],
    ]
    let available = Set(flags.prefix(width + 2).joined())
    #expect(LinearAlgebraLibrary.unusedInstructions(coreType: coreType, processorFlags: available) == expected)
  }
}
