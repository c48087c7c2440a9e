// Where warnings go.

import Logging
import MPI

extension Logger {
  /// A log on standard error from `level` on, silent on all ranks but the first.
  init(_ world: Communicator, from level: Logger.Level = .warning) {
    self.init(label: "odn") { StreamLogHandler.standardError(label: $0) }
    logLevel = world.rank == 0 ? level : .critical
  }
}
