// What goes on while kernels run.

/// Work that advances only while somebody calls it, such as messages between ranks.
public protocol BackgroundWork: AnyObject {
  /// Called between two parts of a kernel, by the thread that called the kernel. It has to return soon, and must not call
  /// kernels.
  func advance()
}
