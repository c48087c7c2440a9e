// Datagrams between sockets of one host.

import Datagrams
import Foundation
import Testing

@Suite("A datagram socket")
struct DatagramSocketTests {
  private let first: DatagramSocket
  private let second: DatagramSocket

  init() throws {
    first = try #require(DatagramSocket())
    second = try #require(DatagramSocket())
  }

  /// Waits for a datagram; the limit keeps a hang from lasting for ever.
  private func receive(_ socket: DatagramSocket, atMost limit: Int = 100) -> (bytes: [UInt8], sender: Endpoint)? {
    for _ in 0..<60_000 {
      if let datagram = socket.receive(atMost: limit) { return datagram }
      Thread.sleep(forTimeInterval: 0.01)
    }
    return nil
  }

  @Test("is reached at every address of its host, and can answer whoever wrote")
  func everyAddress() throws {
    #expect(DatagramSocket.localAddresses.last == "127.0.0.1")
    for address in DatagramSocket.localAddresses {
      first.send([1, 2, 3], to: Endpoint(address: address, port: second.port))
      let question = try #require(receive(second), "\(address)")
      #expect(question.bytes == [1, 2, 3])
      #expect(question.sender.port == first.port)
      second.send([4], to: question.sender)
      #expect(receive(first)?.bytes == [4], "\(address)")
    }
  }

  @Test("does not wait for what has not come")
  func nothing() {
    #expect(first.receive(atMost: 10) == nil)
  }

  @Test("cuts off what is longer than it was asked to take, and takes empty datagrams")
  func lengths() {
    let here = Endpoint(address: "127.0.0.1", port: second.port)
    first.send([1, 2, 3, 4], to: here)
    #expect(receive(second, atMost: 3)?.bytes == [1, 2, 3])
    first.send([], to: here)
    #expect(receive(second)?.bytes == [])
    #expect(second.receive(atMost: 10) == nil)
  }

  @Test("sends nothing to what is no address", arguments: ["", "localhost", "1.2.3", "::1"])
  func noAddress(address: String) {
    first.send([1], to: Endpoint(address: address, port: second.port))
    #expect(second.receive(atMost: 10) == nil)
  }
}
