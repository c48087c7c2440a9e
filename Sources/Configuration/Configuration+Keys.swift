// Every key that a configuration may have: what it holds, in which range, and what it is for.

import Datasets
import DepthSearch
import DistributedTraining
import NeuralNetwork
import Telemetry

extension Configuration {
  /// Every key with its default, in the order in which `yaml()` writes them.
  public static var keys: [KeyDescription] { schema.describe(unset) }

  /// What keys stand at before anything is read. Those without a default of their own are required, so that the
  /// values given here are never used.
  static var unset: Configuration {
    Configuration(
      dataset: DatasetOptions(name: .published(.mnist)), network: NetworkOptions(architecture: .resnet18),
      search: SearchOptions(target: 100))
  }

  static var schema: Schema<Configuration> {
    Schema(
      Key("dataset", \.dataset, datasetKeys), Key("network", \.network, networkKeys),
      Key("warmUp", \.warmUp, warmUpKeys), Key("search", \.search, searchKeys),
      Key("training", \.training, trainingKeys), Key("communication", \.communication, communicationKeys),
      Key("reliability", \.reliability, reliabilityKeys),
      Key("telemetry", \.telemetry, telemetryKeys))
  }

  private static var datasetKeys: Schema<DatasetOptions> {
    Schema(
      Key(
        "name", \.name, .word(), isRequired: true,
        "The data set: a published one, or images of your own, as files in a folder per class or in an archive of numpy."
      ),
      Key(
        "directory", \.directory, .path(), null: "the usual places", changesResults: false,
        "Where its files are; for images, where there is a folder for each class."),
      Key("file", \.file, .path(), null: "none", changesResults: false, "For npz, the archive."),
      Key(
        "size", \.size, .size(), null: "\(DatasetOptions.defaultSize.rawValue)",
        "For images, the height and width that the middle of each is brought to."),
      Key(
        "channels", \.channels, .one(of: [1, 3]), null: "\(DatasetOptions.defaultChannels)",
        "For images, whether they become grey (1) or coloured (3)."),
      Key(
        "validation", \.validation, .integer(1...10_000_000),
        null: "the experiment's own number, or a tenth of your own images",
        "Images at the end of the training files that are held out for validation."),
      Key(
        "testShare", \.testShare, .number(0.001...0.9), null: "\(DatasetOptions.defaultTestShare)",
        "The share of your own images that tests, of each class, where there is no part test."),
      Key(
        "splitSeed", \.splitSeed, .integer(0...UInt64.max), null: "0",
        "The number that the division of your own images follows from."),
      Key(
        "cache", \.cache, .path(), null: "odn in your cache directory", changesResults: false,
        "Where images are kept once they are decoded."),
      Key(
        "trainLimit", \.trainLimit, .integer(1...10_000_000), null: "all",
        "Uses only the first so many training images, for trials."),
      Key(
        "testLimit", \.testLimit, .integer(1...10_000_000), null: "all", "Uses only the first so many test images."),
      Key(
        "augment", \.augment, .word(), null: "the data set's own way",
        "How training images are varied from epoch to epoch."))
  }

  private static var networkKeys: Schema<NetworkOptions> {
    Schema(
      Key("architecture", \.architecture, .word(), isRequired: true, "The network whose prefixes are searched."),
      Key("classes", \.classes, .integer(2...65_536), null: "the data set's", "Classes told apart."),
      Key(
        "width", \.width, .quarters(Architecture.widths),
        "What the channels of all its layers are multiplied by."),
      Key(
        "stemStride", \.stemStride, .one(of: Architecture.stemStrides),
        "The stride of its first convolution; 2 halves the rows and columns of all activations."))
  }

  private static var warmUpKeys: Schema<WarmUpOptions> {
    Schema(
      Key("epochs", \.epochs, .integer(0...100_000), "Epochs that train all levels together before the search."),
      Key(
        "learningRate", \.learningRate, .number(1e-9...100),
        "The first of these epochs' learning rate; it falls to 0 along a cosine."))
  }

  private static var searchKeys: Schema<SearchOptions> {
    Schema(
      Key("policy", \.policy, .word(), "The procedure that decides."),
      Key(
        "objective", \.objective, .word(),
        "The shallowest level that meets the target, the best within the budget, or where accuracy against parameters bends."
      ),
      Key(
        "target", \.target, .tenths(0.1...100), isRequired: true, unless: { $0.objective != .target },
        "The validation accuracy aimed at, in percent."),
      Key("tolerance", \.tolerance, .tenths(0...99.9), "How far below it still counts as met, in points."),
      Key("initialDepth", \.initialDepth, .integer(1...1_000), "The level that the search starts with."),
      Key(
        "maximumDepth", \.maximumDepth, .integer(1...1_000), null: "the whole network",
        "The deepest level that may be tried."),
      Key("budget", \.budget, budgetKeys),
      Key(
        "patience", \.patience, .integer(1...100_000),
        "Epochs without improvement after which policy: paper gives a level up or ends its fine-tuning."),
      Key(
        "restart", \.restart, .word(),
        "What a new level starts from: the weights after the warm-up, or those of the level before, as far as it has them."
      ),
      Key(
        "bestAfterGrowth", \.bestAfterGrowth, .word(),
        "Whether the accuracy that a new level of policy: paper has to beat starts again at zero or stays."),
      Key("plateau", \.plateau, plateauKeys),
      Key(
        "growthRateFactor", \.growthRateFactor, .number(0.001...1_000),
        "A new level's learning rate with policy: paper, as a multiple of training.learningRate."),
      Key(
        "epochLimit", \.epochLimit, .integer(1...1_000_000), null: "none",
        "An upper bound on the epochs of the whole search."),
      Key(
        "groups", \.groups, .integer(1...65_536),
        "Groups of equally many ranks, each of which trains another depth at the same time."),
      Key("adaptive", \.adaptive, adaptiveKeys))
  }

  private static var budgetKeys: Schema<Budget> {
    Schema(
      Key(
        "parameters", \.parameters, .integer(1...1_000_000_000_000), null: "no limit",
        "The most parameters of the network found: deeper levels are never trained, as with all limits here."),
      Key(
        "megabytes", \.megabytes, .number(1e-6...1e6), null: "no limit",
        "The most bytes of its parameters as 32-bit floats, in 10^6."),
      Key(
        "multiplyAdds", \.multiplyAdds, .integer(1...1_000_000_000_000_000), null: "no limit",
        "The most multiply-adds for classifying an image."),
      Key(
        "peakActivation", \.peakActivation, .number(1e-6...1e6), null: "no limit",
        "The most bytes of activations that are alive at once meanwhile, as 32-bit floats, in 10^6."),
      Key(
        "latencyMilliseconds", \.latencyMilliseconds, .number(1e-6...1e9), null: "no limit",
        "The most milliseconds for it, as measured on rank 0 before training, with its threads and kernels."))
  }

  private static var adaptiveKeys: Schema<AdaptiveOptions> {
    Schema(
      Key(
        "epochs", \.epochs, .integer(1...100_000),
        "Epochs of each level, over which its learning rate falls along a cosine. For policy: adaptive, as the rest here."
      ),
      Key(
        "rateFactor", \.rateFactor, .number(0.001...1_000),
        "The learning rate that a level begins with, as a multiple of training.learningRate."),
      Key(
        "order", \.order, .word(),
        "The next level: the one where the answer is expected after the warm-up, the middle of those left, or the shallowest."
      ),
      Key(
        "confidence", \.confidence, .number(0.5...1),
        "How probable it has to be that a level will miss the target before it is given up early; 1 is never."))
  }

  private static var plateauKeys: Schema<SearchOptions.Plateau> {
    Schema(
      Key(
        "epochs", \.epochs, .integer(1...100_000),
        "Epochs without improvement before policy: paper lowers the learning rate."),
      Key("factor", \.factor, .number(0.001...1), "What it is then multiplied by."))
  }

  private static var trainingKeys: Schema<TrainingOptions> {
    Schema(
      Key("batchSize", \.batchSize, .integer(1...1_048_576), "Images per step, over all ranks together."),
      Key("learningRate", \.learningRate, .number(1e-9...100), "The search's first learning rate."),
      Key(
        "scaling", \.scaling, .word(),
        "Whether this and the warm-up's learning rate are for any batch size, or for baseBatch images and grow with it."
      ),
      Key(
        "baseBatch", \.baseBatch, .integer(1...1_048_576),
        "The batch size that learning rates are written for where they scale."),
      Key(
        "rampEpochs", \.rampEpochs, .integer(0...100_000),
        "Epochs of the warm-up, and of each level, over which the learning rate rises to what it is."),
      Key(
        "optimizer", \.optimizer, .word(),
        "SGD with momentum, or LARS, which adapts the rate of each weight tensor, for very large batches."),
      Key(
        "trustCoefficient", \.trustCoefficient, .number(1e-9...1),
        "With LARS, the change of a tensor by one step as a share of its norm, at a learning rate of 1."),
      Key("momentum", \.momentum, .number(0...0.9999), "The share of the last step that the next one keeps."),
      Key("weightDecay", \.weightDecay, .number(0...1), "Pulls every parameter towards 0."),
      Key("seed", \.seed, .integer(0...UInt64.max), "The number that all random choices follow from."),
      Key(
        "batchNorm", \.batchNorm, .word(),
        "Whose images batch norm takes its statistics over: as few neighbouring ranks' as have 32, each rank's, or all."
      ),
      Key(
        "batchNormRanks", \.batchNormRanks, .integer(1...1_000_000), null: "all ranks",
        "Synchronizes them over groups of so many neighbouring ranks, which divide all ranks."),
      Key(
        "kernels", \.kernels, .word(),
        "The layers' implementation: the fast one, the same without Winograd's algorithms, or the readable reference."),
      Key(
        "matrixEngine", \.matrixEngine, .word(),
        "What multiplies matrices, but for the reference: this program's own kernel, or OpenBLAS."),
      Key(
        "threads", \.threads, .integer(1...1_024), null: "the cores that the rank is bound to", changesResults: false,
        "Threads of each rank. With the engine simd they change no bit, with blas the last ones."),
      Key(
        "oversubscribe", \.oversubscribe, .truth(), changesResults: false,
        "Whether there may be more such threads than cores, which is slow."))
  }

  private static var communicationKeys: Schema<CommunicationOptions> {
    Schema(
      Key(
        "bucketMegabytes", \.bucketMegabytes, .number(0.001...1_000),
        "The size of the pieces in which gradients are summed over the ranks, in 10^6 bytes."),
      Key(
        "mode", \.mode, .word(),
        "Whether gradients are summed during the backward pass or after it; automatic: during, if on several hosts."),
      Key(
        "compression", \.compression, .word(),
        "What gradients are on their way: floats of 32 bits, or rounded to 16 bits at half the bytes."))
  }

  private static var reliabilityKeys: Schema<ReliabilityOptions> {
    Schema(
      Key(
        "checkpointMinutes", \.checkpointMinutes, .number(0.001...10_080), changesResults: false,
        "Minutes after which there is a checkpoint at the latest."),
      Key(
        "stallSeconds", \.stallSeconds, .number(0...86_400), changesResults: false,
        "Seconds without progress after which every rank says where it stands; 0 for never."),
      Key(
        "abortSeconds", \.abortSeconds, .number(0...86_400), changesResults: false,
        "Further seconds after which the run ends with code 76; 0 for never."),
      Key(
        "spikeThreshold", \.spikeThreshold, .number(1...1_000_000), null: "no limit",
        "How far a step's loss may rise above that of the steps before, in standard deviations."),
      Key(
        "verifySteps", \.verifySteps, .integer(0...1_000_000_000), changesResults: false,
        "Steps of an epoch after which the ranks' weights are compared; 0 for only at its end."),
      Key(
        "onDivergence", \.onDivergence, .word(),
        "What follows when loss or gradients diverge: the end, or the epoch once more at a lower learning rate."),
      Key("rollbackFactor", \.rollbackFactor, .number(0.001...1), "What the learning rate is then multiplied by."),
      Key("rollbacks", \.rollbacks, .integer(0...1_000_000), "How often a search may do that."))
  }

  private static var telemetryKeys: Schema<TelemetryOptions> {
    Schema(
      Key(
        "tensorboard", \.tensorboard, .truth(), changesResults: false,
        "Whether event files for TensorBoard are written into the run's directory."),
      Key(
        "histograms", \.histograms, .truth(), changesResults: false,
        "Whether they have histograms of weights and gradients after each epoch."))
  }
}
