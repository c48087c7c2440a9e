// Makes the system refuse what a full disk or too little shared memory would.

import Foundation

/// Runs `body` in a process whose files may not grow beyond `bytes`: what would write more gets the error EFBIG.
public func withFileSizeLimit(_ bytes: Int, _ body: () throws -> Void) throws {
  signal(SIGXFSZ, SIG_IGN)
  var before = rlimit()
  getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &before)
  var limit = before
  limit.rlim_cur = rlim_t(bytes)
  setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
  defer {
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &before)
    signal(SIGXFSZ, SIG_DFL)
  }
  try body()
}
