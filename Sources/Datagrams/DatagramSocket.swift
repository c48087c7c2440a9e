// Short messages between processes of one host or several, sent without waiting and without a promise to arrive: UDP over
// IPv4 (RFC 768). What they mean, and whom to trust, is left to the caller: anyone can send one.

import Foundation

/// Where a socket can be reached.
public struct Endpoint: Codable, Hashable, Sendable {
  /// An IPv4 address, for example `10.0.0.1`.
  public var address: String
  /// Its port.
  public var port: UInt16

  /// The endpoint of a port at an address.
  public init(address: String, port: UInt16) {
    self.address = address
    self.port = port
  }
}

/// A socket for datagrams. All calls return at once, and may come from any thread.
public final class DatagramSocket: Sendable {
  private let descriptor: Int32
  /// The port that it listens at, on all addresses of this host.
  public let port: UInt16

  /// A socket at a port that is free; nil if the system has none to give.
  public init?() {
    let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    let code = withAddress(&address) { address, length in
      var length = length
      return bind(descriptor, address, length) == 0 ? getsockname(descriptor, address, &length) : -1
    }
    guard code == 0 else {
      close(descriptor)
      return nil
    }
    self.descriptor = descriptor
    port = UInt16(bigEndian: address.sin_port)
  }

  deinit { close(descriptor) }

  /// Sends a datagram, if the system takes it now.
  public func send(_ bytes: [UInt8], to endpoint: Endpoint) {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = endpoint.port.bigEndian
    guard inet_pton(AF_INET, endpoint.address, &address.sin_addr) == 1 else { return }
    _ = withAddress(&address) { address, length in
      sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), address, length)
    }
  }

  /// A datagram that has arrived, and where an answer to it goes; nil if there is none.
  ///
  /// What is longer than `limit` bytes is cut off there.
  public func receive(atMost limit: Int) -> (bytes: [UInt8], sender: Endpoint)? {
    var bytes = [UInt8](repeating: 0, count: limit)
    var address = sockaddr_in()
    let count = withAddress(&address) { address, length in
      var length = length
      return recvfrom(descriptor, &bytes, limit, 0, address, &length)
    }
    guard count >= 0 else { return nil }
    let sender = Endpoint(address: Self.text(address.sin_addr), port: UInt16(bigEndian: address.sin_port))
    return (Array(bytes.prefix(count)), sender)
  }

  /// The addresses of this host, that of the loop to itself last.
  public static var localAddresses: [String] {
    var first: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&first) == 0 else { return [] }
    defer { freeifaddrs(first) }
    var found: [(address: String, isLoopback: Bool)] = []
    var next = first
    while let interface = next?.pointee {
      next = interface.ifa_next
      guard let address = interface.ifa_addr, address.pointee.sa_family == sa_family_t(AF_INET) else { continue }
      let internet = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { $0.pointee.sin_addr }
      found.append((text(internet), interface.ifa_flags & UInt32(IFF_LOOPBACK) != 0))
    }
    return found.filter { !$0.isLoopback }.map(\.address) + found.filter(\.isLoopback).map(\.address)
  }

  private static func text(_ address: in_addr) -> String {
    var address = address
    var text = [CChar](repeating: 0, count: Int(INET_ADDRSTRLEN))
    guard inet_ntop(AF_INET, &address, &text, socklen_t(text.count)) != nil else { return "" }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

/// Calls `body` with an address in the form that the system's functions take.
private func withAddress<Result>(
  _ address: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Result
) -> Result {
  withUnsafeMutablePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
  }
}
