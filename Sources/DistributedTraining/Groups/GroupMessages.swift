// What rank 0 and the first ranks of groups tell each other.

import DepthSearch

/// From the first rank of a group to rank 0; `stopRequested` from any rank.
enum GroupReport: Codable {
  /// Something happened to a level. `isDeepest` says that the search goes no deeper.
  case progress(depth: Int, LevelHistory.Entry, isDeepest: Bool)
  /// Something is not as it should be, but the level's training goes on.
  case warning(depth: Int, String)
  /// A level has come to its end. Its best weights, parameters and then statistics, come with the message.
  case ended(depth: Int, best: EpochResult)
  /// A level's training is over before its end, as ordered.
  case cancelled(depth: Int)
  /// A level cannot be trained any further. If it `endsSearch`, the search ends whatever other levels come to, otherwise
  /// once it has come to this level.
  case failed(depth: Int, reason: String, endsSearch: Bool)
  /// This rank has been told to stop.
  case stopRequested
  /// The group does nothing any more, and has saved what is to be saved.
  case halted
}

/// From rank 0 to the first rank of a group.
enum GroupOrder: Codable {
  /// Train a level, of which there is a checkpoint after so many epochs, or none if it is 0.
  case train(depth: Int, afterEpochs: Int)
  /// End the training of a level, if it is still under way: the search will not come to it.
  case cancel(depth: Int)
  /// Do nothing any more after the present step, and answer `halted`.
  case halt(saving: Bool)
  /// The levels are done with.
  case leave
}

/// How the training of levels by groups ended.
enum GroupsEnd: Codable {
  /// With a result.
  case over
  /// As told by a signal, or as `CheckpointPlan` says.
  case stopped
  case failed(rank: Int, reason: String)
}
