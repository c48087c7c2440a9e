// The sizes of this machine's caches, by which kernels choose how much to work on at once.

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

enum Caches {
  /// Floats that the second-level cache of a core holds.
  static let secondLevelFloats = size(of: 2, otherwise: 512 << 10, atMost: 4 << 20) / 4
  /// Floats that the third-level cache which a core shares holds; no more than 32 MB are counted on.
  static let thirdLevelFloats = size(of: 3, otherwise: 16 << 20, atMost: 32 << 20) / 4

  /// The bytes of a cache as Linux tells them (`1024K`), `otherwise` where it does not.
  private static func size(of level: Int, otherwise: Int, atMost most: Int) -> Int {
    guard let file = fopen("/sys/devices/system/cpu/cpu0/cache/index\(level)/size", "re") else { return otherwise }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 32)
    guard fgets(&line, 32, file) != nil else { return otherwise }
    var rest: UnsafeMutablePointer<CChar>?
    let number = strtol(line, &rest, 10)
    let bytes = rest?.pointee == CChar(UInt8(ascii: "M")) ? number << 20 : number << 10
    return bytes >= 64 << 10 ? min(bytes, most) : otherwise
  }
}
