// SHA-256, by which downloads are checked and folders recognized; the only file that talks to nettle.

import CNettle

/// A SHA-256 (FIPS 180-4) over bytes that come in pieces.
struct ContentHash {
  private var context = sha256_ctx()

  init() { nettle_sha256_init(&context) }

  /// Adds bytes behind those added before.
  mutating func add(_ bytes: [UInt8]) { nettle_sha256_update(&context, bytes.count, bytes) }

  /// The 32 bytes of the hash; nothing can be added any more.
  consuming func finish() -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 32)
    nettle_sha256_digest(&context, digest.count, &digest)
    return digest
  }
}

extension [UInt8] {
  /// Two digits for each byte, `00ff7f`.
  var hexadecimal: String {
    map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
