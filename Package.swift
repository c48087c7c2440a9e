// swift-tools-version: 6.1
import PackageDescription

// Swift code follows clang's target, so these flags decide which SIMD instructions the kernels use. The default is
// the machine that builds; MARCH=x86-64-v3 (or -v4) makes one binary for a cluster of mixed nodes.
let march = Context.environment["MARCH"] ?? "native"
#if arch(x86_64)
  let cpuFlags = ["-Xcc", "-march=\(march)", "-Xcc", "-mprefer-vector-width=512"]
#else
  let cpuFlags = ["-Xcc", "-mcpu=\(march)"]
#endif

let safe: [SwiftSetting] = [.unsafeFlags(cpuFlags)]
/// Loops over raw memory whose sizes their callers have checked.
let kernel: [SwiftSetting] = safe + [.unsafeFlags(["-Ounchecked"], .when(configuration: .release))]

/// For tests that leave all work to what they call: they take no longer, and are compiled in half the time.
let test: [SwiftSetting] = safe + [.unsafeFlags(["-Onone"])]

/// pkg-config name of the MPI to build against; Debian lets `mpi-c` stand for the default one.
let mpiPackage = Context.environment["MPI_PKG_CONFIG"] ?? "mpi-c"

let package = Package(
  name: "odn",
  products: [
    .executable(name: "odn", targets: ["odn"]),
    .library(name: "MPI", targets: ["MPI"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
  ],
  targets: [
    .systemLibrary(name: "CMPI", pkgConfig: mpiPackage, providers: [.apt(["libopenmpi-dev"])]),
    .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CVector"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(name: "CNettle", pkgConfig: "nettle", providers: [.apt(["nettle-dev"])]),
    .systemLibrary(name: "CTurboJPEG", pkgConfig: "libturbojpeg", providers: [.apt(["libturbojpeg0-dev"])]),

    .target(name: "Files", swiftSettings: safe),
    .target(name: "Datagrams", swiftSettings: safe),
    .target(name: "Checkpoints", dependencies: ["Files", "CZlib"], swiftSettings: safe),
    .target(name: "MPI", dependencies: ["CMPI"], swiftSettings: safe),
    .target(name: "NumericKernels", dependencies: ["COpenBLAS", "CVector"], swiftSettings: kernel),
    .target(name: "NeuralNetwork", dependencies: ["NumericKernels"], swiftSettings: safe),
    .target(name: "Images", dependencies: ["Files", "CPNG", "CTurboJPEG"], swiftSettings: safe),
    .target(
      name: "Datasets", dependencies: ["Files", "Images", "NumericKernels", "CZlib", "CNettle"], swiftSettings: safe),
    .target(name: "DepthSearch", dependencies: ["NeuralNetwork"], swiftSettings: safe),
    .target(
      name: "DistributedTraining",
      dependencies: [
        "Files", "MPI", "NumericKernels", "NeuralNetwork", "Datasets", "DepthSearch", "Checkpoints", "Datagrams",
      ],
      swiftSettings: safe),
    .target(
      name: "CostModel", dependencies: ["Files", "MPI", "NeuralNetwork", "Datasets", "DistributedTraining"],
      swiftSettings: safe),
    // Made of onnx.proto, whose first lines say how.
    .target(
      name: "ONNXMessages", dependencies: [.product(name: "SwiftProtobuf", package: "swift-protobuf")],
      exclude: ["onnx.proto"], swiftSettings: safe),
    .target(
      name: "ModelExchange",
      dependencies: [
        "Files", "NumericKernels", "NeuralNetwork", "Datasets", "ONNXMessages",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      swiftSettings: safe),
    // Made of event.proto, whose first lines say how.
    .target(
      name: "TensorBoardMessages", dependencies: [.product(name: "SwiftProtobuf", package: "swift-protobuf")],
      exclude: ["event.proto"], swiftSettings: safe),
    .target(
      name: "Telemetry",
      dependencies: [
        "Files", "NeuralNetwork", "DepthSearch", "DistributedTraining", "ModelExchange", "TensorBoardMessages", "CZlib",
      ],
      swiftSettings: safe),
    .target(
      name: "Configuration",
      dependencies: [
        "Files", "NeuralNetwork", "Datasets", "DepthSearch", "DistributedTraining", "Telemetry",
        .product(name: "Yams", package: "Yams"),
      ],
      swiftSettings: safe),
    .target(
      name: "Prediction", dependencies: ["Images", "Datasets", "ModelExchange", "NeuralNetwork", "NumericKernels"],
      swiftSettings: safe),
    .target(
      name: "Diagnosis", dependencies: ["MPI", "NumericKernels", "Datasets", "DistributedTraining"],
      swiftSettings: safe),
    .target(
      name: "Report", dependencies: ["Files", "NeuralNetwork", "DepthSearch", "DistributedTraining", "Telemetry"],
      swiftSettings: safe),
    .executableTarget(
      name: "odn",
      dependencies: [
        "Files", "MPI", "NumericKernels", "NeuralNetwork", "Datasets", "DepthSearch", "Checkpoints",
        "DistributedTraining", "CostModel", "ModelExchange", "Configuration", "Telemetry", "Report", "Images",
        "Prediction", "Diagnosis",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: safe),

    .target(name: "CurveJudging", dependencies: ["DepthSearch"], path: "Benchmarks/CurveJudging", swiftSettings: safe),
    .executableTarget(
      name: "judge-giving-up",
      dependencies: [
        "CurveJudging", "DepthSearch", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Benchmarks/JudgeGivingUp", swiftSettings: safe),

    // Tests that need several ranks are executables, run under mpirun.
    .target(name: "RankTesting", dependencies: ["MPI"], path: "Tests/RankTesting", swiftSettings: safe),
    .executableTarget(
      name: "MPITests", dependencies: ["MPI", "RankTesting"], path: "Tests/MPITests", swiftSettings: safe),
    .executableTarget(
      name: "DistributedTrainingTests",
      dependencies: [
        "Files", "MPI", "NeuralNetwork", "Datasets", "DepthSearch", "Checkpoints", "DistributedTraining", "RankTesting",
      ],
      path: "Tests/DistributedTrainingTests", swiftSettings: safe),
    .target(name: "PythonTesting", path: "Tests/PythonTesting", swiftSettings: test),
    // Replaces malloc, so it has a process of its own.
    .target(name: "CAllocations", path: "Tests/CAllocations"),
    .executableTarget(
      name: "AllocationTests",
      dependencies: ["CAllocations", "MPI", "NeuralNetwork", "NumericKernels", "DistributedTraining"],
      path: "Tests/AllocationTests", swiftSettings: safe),
    .testTarget(name: "NumericKernelsTests", dependencies: ["NumericKernels"], swiftSettings: safe),
    .testTarget(
      name: "NeuralNetworkTests", dependencies: ["NeuralNetwork", "NumericKernels"], swiftSettings: safe),
    .testTarget(
      name: "DatasetsTests", dependencies: ["Datasets", "Images", "NumericKernels", "Telemetry"],
      resources: [.copy("Fixtures")],
      swiftSettings: test),
    .testTarget(
      name: "DepthSearchTests", dependencies: ["DepthSearch"], resources: [.copy("Fixtures")], swiftSettings: test),
    .testTarget(name: "CurveJudgingTests", dependencies: ["CurveJudging", "DepthSearch"], swiftSettings: test),
    .testTarget(
      name: "ImagesTests", dependencies: ["Images", "PythonTesting"], resources: [.copy("Fixtures")],
      swiftSettings: test),
    .testTarget(
      name: "PredictionTests", dependencies: ["Prediction", "Images", "Datasets", "ModelExchange", "NeuralNetwork"],
      swiftSettings: test),
    .testTarget(
      name: "DiagnosisTests", dependencies: ["Diagnosis", "DistributedTraining"], swiftSettings: test),
    .testTarget(name: "DatagramsTests", dependencies: ["Datagrams"], swiftSettings: test),
    .testTarget(name: "CheckpointsTests", dependencies: ["Checkpoints"], swiftSettings: test),
    .testTarget(
      name: "CostModelTests", dependencies: ["CostModel", "NeuralNetwork", "DistributedTraining"],
      swiftSettings: test),
    .testTarget(name: "ConfigurationTests", dependencies: ["Configuration"], swiftSettings: test),
    .testTarget(
      name: "TelemetryTests",
      dependencies: [
        "Telemetry", "DistributedTraining", "DepthSearch", "NeuralNetwork", "TensorBoardMessages",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      swiftSettings: test),
    .testTarget(
      name: "ReportTests", dependencies: ["Report", "Telemetry", "DistributedTraining", "NeuralNetwork"],
      swiftSettings: test),
    // What the fuzzer calls, which is built only for `make fuzz`, and what the tests of its corpus call.
    .target(
      name: "FuzzReaders",
      dependencies: [
        "Files", "Checkpoints", "Datasets", "DistributedTraining", "ModelExchange", "Configuration", "CZlib",
      ],
      path: "Tests/Fuzzing/Readers", swiftSettings: safe),
    .testTarget(name: "FuzzingTests", dependencies: ["FuzzReaders"], swiftSettings: test),
    .testTarget(
      name: "CommandLineTests", dependencies: ["odn", "Telemetry", "TensorBoardMessages", "PythonTesting"],
      exclude: ["Snapshots"],
      swiftSettings: test),
    .testTarget(
      name: "ModelExchangeTests",
      dependencies: [
        "ModelExchange", "NeuralNetwork", "NumericKernels", "Datasets", "ONNXMessages", "PythonTesting",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      resources: [.copy("Fixtures")], swiftSettings: safe),
  ],
  swiftLanguageModes: [.v6]
)

// Without libFuzzer, which `make fuzz` links, it has no main program.
if Context.environment["ODN_FUZZER"] != nil {
  package.targets.append(
    .executableTarget(
      name: "Fuzzer", dependencies: ["FuzzReaders"], path: "Tests/Fuzzing/Fuzzer", swiftSettings: safe))
}
