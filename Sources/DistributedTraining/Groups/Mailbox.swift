// Short messages between ranks that do not wait for each other, some of them with weights.

import Foundation
import MPI
import NeuralNetwork

/// Sends and receives messages of one kind. Nothing here waits but `finish`: what is under way goes on whenever the
/// mailbox is asked for messages.
final class Mailbox<Message: Codable> {
  /// A message as it came.
  struct Letter {
    let message: Message
    /// The numbers that came with it, if any.
    let values: [Float]
    let sender: Int
  }

  /// What travels first.
  private struct Envelope: Codable {
    let message: Message
    let valueCount: Int
  }

  /// A message whose numbers are still on their way.
  private struct Arrival {
    let message: Message
    let sender: Int
    let values: AlignedBuffer<Float>
    let slot: Int
  }

  private let communicator: Communicator
  private let tag: Int
  private var sends = RequestPool()
  /// What MPI may still read.
  private var outgoing: [AlignedBuffer<UInt8>] = []
  private var outgoingValues: [AlignedBuffer<Float>] = []
  private var receives = RequestPool()
  private var arrivals: [Arrival] = []
  private var complete: [Letter] = []

  /// - Parameters:
  ///   - communicator: one on which nobody else sends messages with the same tags.
  ///   - tag: that of messages of this kind; the next one is that of their numbers.
  init(_ communicator: Communicator, tag: Int) {
    self.communicator = communicator
    self.tag = tag
  }

  deinit {
    // After an error: the program is about to end.
    sends.abandonAll()
    receives.abandonAll()
  }

  /// Whether there are messages that are not here as a whole.
  var isReceiving: Bool { !arrivals.isEmpty || !complete.isEmpty }

  /// Begins to send a message.
  /// - Throws: `MPIError`, `EncodingError`.
  func send(_ message: Message, values: [Float] = [], to rank: Int) throws {
    let bytes = [UInt8](try JSONEncoder().encode(Envelope(message: message, valueCount: values.count)))
    let text = AlignedBuffer<UInt8>(count: bytes.count)
    text.view.copy(from: bytes)
    outgoing.append(text)
    sends.add(try communicator.startSend(UnsafeBufferPointer(text.view.unsafeBuffer), to: rank, tag: tag))
    guard !values.isEmpty else { return }
    let numbers = AlignedBuffer<Float>(count: values.count)
    numbers.view.copy(from: values)
    outgoingValues.append(numbers)
    sends.add(try communicator.startSend(UnsafeBufferPointer(numbers.view.unsafeBuffer), to: rank, tag: tag + 1))
  }

  /// The next message that is here as a whole; nil if there is none.
  /// - Throws: `MPIError`, `DecodingError`.
  func receive() throws -> Letter? {
    try advanceSends()
    while let status = try communicator.probeIfArrived(UInt8.self, tag: tag) { try take(from: status.source) }
    try receives.testSome { slot in
      guard let place = arrivals.firstIndex(where: { $0.slot == slot }) else { return }
      let arrival = arrivals.remove(at: place)
      complete.append(Letter(message: arrival.message, values: arrival.values.view.array, sender: arrival.sender))
    }
    return complete.isEmpty ? nil : complete.removeFirst()
  }

  /// Returns when everything that was sent may be forgotten.
  /// - Throws: `MPIError`.
  func finish() throws {
    try sends.waitAll()
    try advanceSends()
  }

  private func take(from sender: Int) throws {
    let bytes = try communicator.receive(UInt8.self, from: sender, tag: tag).values
    let envelope = try JSONDecoder().decode(Envelope.self, from: Data(bytes))
    guard envelope.valueCount > 0 else {
      return complete.append(Letter(message: envelope.message, values: [], sender: sender))
    }
    let values = AlignedBuffer<Float>(count: envelope.valueCount)
    let request = try communicator.startReceive(into: values.view.unsafeBuffer, from: sender, tag: tag + 1)
    arrivals.append(
      Arrival(message: envelope.message, sender: sender, values: values, slot: receives.add(request)))
  }

  private func advanceSends() throws {
    try sends.testSome()
    guard sends.isEmpty else { return }
    outgoing.removeAll()
    outgoingValues.removeAll()
  }
}

extension Communicator {
  /// Returns when every rank has called it. A rank that waits leaves its core to others, and calls `meanwhile` about every
  /// millisecond. Collective.
  /// - Throws: `MPIError`, and what `meanwhile` throws.
  func meet(meanwhile: () throws -> Void = {}) throws {
    var arrival = try startBarrier()
    while try !arrival.test() {
      do {
        try meanwhile()
      } catch {
        arrival.abandon()
        throw error
      }
      Thread.sleep(forTimeInterval: pollInterval)
    }
  }
}

/// Seconds between two looks of a rank that waits.
let pollInterval = 0.001
