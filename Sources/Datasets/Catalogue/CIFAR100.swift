extension DatasetDescriptor {
  /// Krizhevsky (2009): photographs of a hundred kinds of things; the fine labels. Prepared as CIFAR-10 is.
  static let cifar100 = DatasetDescriptor(
    name: .cifar100, summary: "small photographs of a hundred kinds of things", height: 32, width: 32, channels: 3,
    classNames: [
      "apple", "aquarium fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle", "bowl", "boy",
      "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle", "chair", "chimpanzee", "clock",
      "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur", "dolphin", "elephant", "flatfish",
      "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard", "lamp", "lawn mower", "leopard", "lion",
      "lizard", "lobster", "man", "maple tree", "motorcycle", "mountain", "mouse", "mushroom", "oak tree", "orange",
      "orchid", "otter", "palm tree", "pear", "pickup truck", "pine tree", "plain", "plate", "poppy", "porcupine",
      "possum", "rabbit", "raccoon", "ray", "road", "rocket", "rose", "sea", "seal", "shark", "shrew", "skunk",
      "skyscraper", "snail", "snake", "spider", "squirrel", "streetcar", "sunflower", "sweet pepper", "table", "tank",
      "telephone", "television", "tiger", "tractor", "train", "trout", "tulip", "turtle", "wardrobe", "whale",
      "willow tree", "wolf", "woman", "worm",
    ], trainingCount: 50_000, testCount: 10_000, validationCount: 5_000, normalization: .unitInterval(channels: 3),
    augmentation: .cropAndFlip, directories: ["data/cifar100"],
    homepage: "https://www.cs.toronto.edu/~kriz/cifar.html (binary version)", licence: nil, debianPackage: nil,
    published: [
      PublishedFile(
        "cifar-100-binary.tar.gz", in: "https://www.cs.toronto.edu/~kriz", size: 168_513_733,
        checksum: "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec", archive: .tar)
    ],
    format: CIFARFormat(
      trainingFiles: ["train.bin"], testFiles: ["test.bin"], archiveFolder: "cifar-100-binary", labelBytes: 2))
}
