// A data set that one rank of a host reads for all of them.

import Datasets
import DistributedTraining
import Foundation
import MPI
import RankTesting

func sharedDatasetTests() -> [RankTest] {
  [
    RankTest("all ranks have the images and labels that one rank of their host has read") { world, expect in
      let options = fixture(.mnist, "mnist", trainLimit: 8)
      let shared = try DatasetSplits(options, sharedBy: world) { expect.fail($0) }
      expectEqual(shared, try DatasetSplits(options), expect)
    },
    RankTest("where a host gives no shared memory, every rank has a copy, and rank 0 says so") { world, expect in
      var warnings: [String] = []
      let options = fixture(.svhn, "svhn/compressed")
      let expected = try DatasetSplits(options)
      try withFileSizeLimit(1_000) {
        expectEqual(try DatasetSplits(options, sharedBy: world) { warnings.append($0) }, expected, expect)
      }
      expect.equal(warnings.count, world.rank == 0 && world.size > 1 ? 1 : 0)
      expect(warnings.allSatisfy { $0.contains("every rank there has a copy") }, "\(warnings)")
    },
    RankTest("images of one's own are divided and normalized once for all ranks, or refused on all") { world, expect in
      let options = DatasetOptions(name: .npz, file: "\(fixtures)/npz/whole.npz", validation: 3)
      let shared = try DatasetSplits(options, sharedBy: world) { expect.fail($0) }
      let expected = try DatasetSplits(options)
      expectEqual(shared, expected, expect)
      expect.equal(shared.normalization, expected.normalization)
      expect.equal(shared.facts, expected.facts)
      let folder = "\(fixtures)/../../ImagesTests"
      let error = expect.throwing(TrainingError.self) {
        _ = try DatasetSplits(DatasetOptions(name: .images, directory: folder), sharedBy: world) { expect.fail($0) }
      }
      expect("\(error.map(String.init(describing:)) ?? "")".contains("expected 2 to 256 classes, found 1"), "\(folder)")
    },
    RankTest("images that one host reads otherwise than another are refused on all ranks", ranks: 2...) {
      world, expect in
      let (usual, other) = (SyntheticImages.splits(train: 37), SyntheticImages.contradictorySplits(train: 37))
      try world.verifyEqualImages(usual)
      try world.verifyEqualImages(world.rank == 0 ? nil : usual)
      let error = expect.throwing(TrainingError.self) {
        try world.verifyEqualImages(world.rank == world.size - 1 ? other : usual)
      }
      let description = "\(error.map(String.init(describing:)) ?? "")"
      expect(description.hasPrefix("rank \(world.size - 1) ("), description)
      expect(description.contains(") has read other images or labels than rank 0 ("), description)
    },
    RankTest("the hash of a data set changes with its images, their labels and how they are divided", ranks: 1...1) {
      _, expect in
      let splits = [
        SyntheticImages.splits(train: 37), SyntheticImages.contradictorySplits(train: 37),
        SyntheticImages.splits(train: 36),
        SyntheticImages.splits(train: 37, augmentation: .flip),
      ]
      expect.equal(Set(splits.map(\.contentHash)).count, 4)
      expect.equal(splits[0].contentHash, SyntheticImages.splits(train: 37).contentHash)
    },
    RankTest("an error of the rank that reads is the same error on every rank") { world, expect in
      let error = expect.throwing(TrainingError.self) {
        _ = try DatasetSplits(fixture(.mnist, "nowhere"), sharedBy: world) { expect.fail($0) }
      }
      guard case .rankFailed(0, let reason, isUsage: false)? = error else {
        return expect.fail("threw \(String(describing: error))")
      }
      expect(reason.hasPrefix("the files of mnist were not found"), reason)
      let tooMany = expect.throwing(TrainingError.self) {
        _ = try DatasetSplits(fixture(.mnist, "mnist", trainLimit: 1_000), sharedBy: world) { expect.fail($0) }
      }
      expect(tooMany?.isUsage == true, "a limit that cannot be met is the user's mistake")
    },
  ]
}

private let fixtures =
  URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
  + "/DatasetsTests/Fixtures"

private func fixture(_ name: DatasetName, _ folder: String, trainLimit: Int? = nil) -> DatasetOptions {
  DatasetOptions(name: name, directory: "\(fixtures)/\(folder)", validation: 3, trainLimit: trainLimit)
}

private func expectEqual(_ found: DatasetSplits, _ expected: DatasetSplits, _ expect: Expectations) {
  let parts = [
    (found.train, expected.train), (found.validation, expected.validation), (found.test, expected.test),
  ]
  for (found, expected) in parts {
    expect.equal(found.range, expected.range)
    expect.equal(found.dataset.labels, expected.dataset.labels)
    expect.equal(found.dataset.classNames, expected.dataset.classNames)
    expect(found.dataset.pixels == expected.dataset.pixels, "the pixels differ")
  }
}
