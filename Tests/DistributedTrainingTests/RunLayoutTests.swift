// Where ranks, threads and cores are, and what is wrong with that.

import DistributedTraining
import Foundation
import MPI
import NeuralNetwork
import RankTesting

func runLayoutTests() -> [RankTest] {
  [
    RankTest("the layout of a run is the same on all ranks") { world, expect in
      for threads in [1, 3] {
        let layout = try RunLayout(world, threads: threads)
        expect.equal(try world.broadcast(layout, from: 0), layout)
        expect.equal(layout.hosts.count, 1)
        expect.equal(layout.ranks, world.size)
        expect.equal(layout.hosts[0].threads, Array(repeating: threads, count: world.size))
        expect((1...ProcessInfo.processInfo.processorCount).contains(layout.cores), "\(layout.cores) cores")
        expect(layout.description.contains(Universe.libraryName), "\(layout)")
        expect(layout.description.contains(LinearAlgebraLibrary.coreType), "\(layout)")
        let isTooMuch = threads * world.size > layout.cores
        expect.equal(layout.warnings.count { $0.contains("take turns") }, isTooMuch ? 1 : 0)
      }
    },
    RankTest("ranks that may choose take as many threads as there are cores for them") { world, expect in
      let layout = try RunLayout(world, threads: nil)
      let threads = layout.hosts.flatMap(\.threads)
      expect(threads.allSatisfy { $0 >= 1 } && threads.reduce(0, +) <= max(layout.cores, world.size), "\(layout)")
    },
    RankTest("a quota of CPU time is found in the group of a process and those around it", ranks: 1...1) { _, expect in
      let files = try GroupFiles([
        "job/cpu.max": "250000 100000\n", "job/step/cpu.max": "max 100000\n", "free/cpu.max": "max 100000\n",
        "broken/cpu.max": "a 0\n", "cpu,cpuacct/pod/cpu.cfs_quota_us": "50000\n",
        "cpu,cpuacct/pod/cpu.cfs_period_us": "100000\n", "cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
        "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
      ])
      let quotas = [
        "0::/job/step\n": 2.5, "0::/free\n": nil, "0::/broken\n": nil, "0::/missing\n": nil, "": nil, "0::\n": nil,
        "4:memory:/job\n2:cpu,cpuacct:/pod\n": 0.5, "4:memory:/job\n": nil,
      ]
      for (groups, cores) in quotas {
        expect.equal(CPUQuota.cores(files.groups(groups)), cores, "\(groups)")
      }
    },
    RankTest("a layout in words", ranks: 1...1) { _, expect in
      let layout = layout([
        host("a", ranks: 4, threads: 4, cores: 16), host("b", ranks: 4, threads: 4, cores: 16),
      ])
      expect.equal(
        layout.description,
        "2 hosts, 8 ranks, 4 threads each, 32 cores, OpenBLAS Zen (0.3.21), Open MPI 4.1.4")
      expect.equal(
        RunLayout(
          hosts: [host("a", ranks: 1, threads: 1, cores: 1), host("b", ranks: 2, threads: 3, cores: 6, "Haswell")],
          blasVersion: "0.3.21", mpi: "MPICH 4.0.2"
        ).description,
        "2 hosts, 3 ranks, 1 to 3 threads each, 7 cores, OpenBLAS Zen and Haswell (0.3.21), MPICH 4.0.2")
    },
    RankTest("threads that were asked for and have no cores are a mistake, more ranks than cores are not", ranks: 1...1)
    {
      _, expect in
      let fine = host("a", ranks: 2, threads: 2, cores: 4)
      func check(_ hosts: [RunLayout.Host], _ threads: Int?, oversubscribe: Bool = false) throws {
        try layout(hosts).check(TrainingOptions(threads: threads, oversubscribe: oversubscribe))
      }
      try check([fine], 2)
      try check([fine, host("b", ranks: 4, threads: 1, cores: 2)], 1)
      try check([fine, host("b", ranks: 4, threads: 1, cores: 2)], nil)
      let tight = host("b", ranks: 2, threads: 2, cores: 3)
      let error = TrainingError.tooManyThreads(host: "b", ranks: 2, threads: 2, cores: 3)
      expect.throwing(error) { try check([fine, tight], 2) }
      expect(error.isUsage)
      try check([fine, tight], 2, oversubscribe: true)
      expect.equal(layout([fine]).warnings, [])
      let warnings = layout([fine, tight]).warnings
      expect(warnings.count == 1 && warnings[0].hasPrefix("b: 2 ranks with 4 threads in all on 3 cores"), "\(warnings)")
    },
    RankTest("instructions that are left unused are warned of with the variable to blame", ranks: 1...1) { _, expect in
      let warnings = layout([host("a", ranks: 1, threads: 1, cores: 1, unused: "AVX-512")]).warnings
      expect(warnings.count == 1 && warnings[0].contains("OPENBLAS_CORETYPE"), "\(warnings)")
      expect(warnings.allSatisfy { $0.contains("computes for Zen although the CPU has AVX-512") }, "\(warnings)")
    },
  ]
}

private func layout(_ hosts: [RunLayout.Host]) -> RunLayout {
  RunLayout(hosts: hosts, blasVersion: "0.3.21", mpi: "Open MPI 4.1.4")
}

private func host(
  _ name: String, ranks: Int, threads: Int, cores: Int, _ coreType: String = "Zen", unused: String? = nil
) -> RunLayout.Host {
  RunLayout.Host(
    name: name, ranks: ranks, threads: Array(repeating: threads, count: ranks), cores: cores, coreTypes: [coreType],
    unusedInstructions: unused)
}
