// Paths as people write them.

import Foundation

/// What a shell makes of a path before a program sees it, for paths that no shell has seen.
public enum UserPath {
  /// The path with the user's home in place of a `~` that begins it. `~somebody` stays as it is.
  public static func expandingHome(_ path: String) -> String {
    path == "~" || path.hasPrefix("~/") ? NSHomeDirectory() + path.dropFirst() : path
  }

  /// The path from the root, whatever the working directory will be.
  public static func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
  }

  /// The arguments of a command with the home in place of a `~` that begins one, or the value in `--option=~/path`.
  public static func expandingHomes(in arguments: [String]) -> [String] {
    arguments.map { argument in
      guard argument.hasPrefix("--"), let sign = argument.firstIndex(of: "=") else { return expandingHome(argument) }
      return argument[...sign] + expandingHome(String(argument[argument.index(after: sign)...]))
    }
  }
}
