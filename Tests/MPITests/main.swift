import MPI
import RankTesting

RankTests.main([
  RankTest("sum", ranks: 2...) { world, expect in
    expect.equal(try world.allreduce(world.rank, .sum), world.size * (world.size - 1) / 2)
  }
])
