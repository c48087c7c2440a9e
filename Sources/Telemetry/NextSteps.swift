// What to do with a run that has ended, as commands to be copied.

import DistributedTraining
import NeuralNetwork

/// The commands that go on from a run.
public struct NextSteps: CustomStringConvertible {
  private let commands: [(command: String, purpose: String)]

  /// - Parameters:
  ///   - run: the run's directory.
  ///   - result: what it found.
  ///   - seed: the seed that it trained with.
  ///   - hasTensorBoard: whether it left files for TensorBoard.
  public init(run: String, result: SearchResult, seed: UInt64, hasTensorBoard: Bool) {
    let found = result.architecture
    let whole = found.family.maximumDepth
    let network = Shell.quoted("\(run)/odn.safetensors")
    let configuration = Shell.quoted("\(run)/config.yaml")
    var commands = [
      ("odn report \(Shell.quoted(run))", "everything in one page, \(run)/report.html"),
      ("odn evaluate \(network) --config \(configuration)", "its accuracy once more"),
      ("odn predict \(network) PICTURE.png", "what it takes a picture for"),
      ("odn inspect \(network)", "what it is and costs"),
    ]
    if found.depth < whole {
      commands.append(
        (
          "odn train \(configuration) --depth \(whole) --output \(Shell.quoted(run + "-whole"))",
          "the whole \(found.name), to compare with"
        ))
    }
    if let longer = TradeOff(result).longerSearch {
      commands.append((longer.command(run: run, ranks: result.ranks, seed: seed), "\(longer)"))
    }
    if hasTensorBoard {
      commands.append(("tensorboard --logdir \(Shell.quoted(run + "/tensorboard"))", "the curves"))
    }
    self.commands = commands
  }

  /// A purpose and a command on lines of their own for each, so that commands can be copied.
  public var description: String {
    "next:" + commands.map { "\n  # \($0.purpose)\n  \($0.command)" }.joined()
  }
}

/// Text for shells.
enum Shell {
  /// A word as a POSIX shell reads it.
  static func quoted(_ word: String) -> String {
    let plain = word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-./+=:@%,".contains($0)) }
    return plain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
  }
}
