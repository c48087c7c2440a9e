// Memory that all ranks of a host read: one of them fills it, and there is one copy of it.

import Foundation

extension Communicator {
  /// The root's bytes on every rank, in memory that the ranks have in common. Collective.
  ///
  /// Only the root's argument is looked at, the others may pass nil. All ranks have to be on one host, as those of
  /// `splitSharedMemory()` are. The bytes cannot be changed by anyone. Their memory is free again when no rank holds them
  /// any more, however the ranks end.
  ///
  /// - Throws: on every rank, `MPIError.missingAtRoot` if the root passes nil, and `MPIError.sharedMemory` if the host
  ///   does not give that much shared memory.
  public func share(_ bytes: Data?, from root: Int) throws(MPIError) -> Data {
    var count = rank == root ? bytes?.count ?? -1 : 0
    try broadcast(&count, from: root)
    guard count >= 0 else { throw .missingAtRoot(function: "shm_open", root: root) }
    if count == 0 { return Data() }
    let memory = try openTogether(count, from: root)
    let own = rank == root ? bytes : nil
    try agree("posix_fallocate", count) { own.map(memory.fill) ?? 0 }
    var shared: Data?
    try agree("mmap", count) {
      shared = memory.mapped(count)
      return shared == nil ? errno : 0
    }
    return shared ?? Data()
  }

  /// A new piece of shared memory, still empty, that all ranks have open. Its name is gone before there is anything in
  /// it, so that nothing is left behind wherever a process is killed.
  private func openTogether(_ count: Int, from root: Int) throws(MPIError) -> SharedMemory {
    let name = try broadcast(rank == root ? "/odn-\(UUID().uuidString)" : nil, from: root)
    let memory = SharedMemory()
    defer { if rank == root { shm_unlink(name) } }
    try agree("shm_open", count) { rank == root ? memory.open(name, O_RDWR | O_CREAT | O_EXCL) : 0 }
    try agree("shm_open", count) { rank == root ? 0 : memory.open(name, O_RDONLY) }
    return memory
  }

  /// Runs a step that returns the system's error number or 0, and fails on every rank if it fails on any.
  private func agree(_ function: StaticString, _ count: Int, _ body: () -> Int32) throws(MPIError) {
    let code = try allreduce(body(), .max)
    guard code == 0 else {
      throw .sharedMemory(function: "\(function)", bytes: count, reason: String(cString: strerror(code)))
    }
  }
}

/// A file that is nowhere but in memory. Functions return the system's error number, 0 for success.
private final class SharedMemory {
  private var descriptor: Int32 = -1

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  func open(_ name: String, _ flags: Int32) -> Int32 {
    descriptor = shm_open(name, flags | O_CLOEXEC, 0o600)
    return descriptor < 0 ? errno : 0
  }

  /// Takes as much memory as `bytes` need, which later writes could only be killed for not getting, and copies them there.
  func fill(_ bytes: Data) -> Int32 {
    var code: Int32
    repeat { code = posix_fallocate(descriptor, 0, off_t(bytes.count)) } while code == EINTR
    guard code == 0 else { return code }
    let target = mmap(nil, bytes.count, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
    guard let target, target != MAP_FAILED else { return errno }
    defer { munmap(target, bytes.count) }
    bytes.copyBytes(to: UnsafeMutableRawBufferPointer(start: target, count: bytes.count))
    return 0
  }

  /// The first `count` bytes, for reading only; nil, with the error number in `errno`, if they cannot be mapped.
  func mapped(_ count: Int) -> Data? {
    let base = mmap(nil, count, PROT_READ, MAP_SHARED, descriptor, 0)
    guard let base, base != MAP_FAILED else { return nil }
    return Data(bytesNoCopy: base, count: count, deallocator: .custom { base, count in munmap(base, count) })
  }
}
