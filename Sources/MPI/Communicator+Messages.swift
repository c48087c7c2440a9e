// Messages from one rank to another: blocking send, receive and probe.
//
// A buffer of `maximumCountPerCall` elements or more travels as full pieces and one last piece that is shorter,
// possibly empty: the receiver knows the end by that. Shorter buffers are one plain MPI message.

internal import CMPI

/// What a received or probed message was.
public struct MessageStatus: Equatable, Sendable {
  /// The rank that sent it.
  public let source: Int
  /// The sender's tag.
  public let tag: Int
  /// The number of elements.
  public let count: Int

  /// A description of a message, to compare with.
  public init(source: Int, tag: Int, count: Int) {
    self.source = source
    self.tag = tag
    self.count = count
  }
}

extension Communicator {
  // MARK: Send

  /// Sends `buffer` to rank `destination`; returns when the buffer may be changed.
  ///
  /// It may wait for the receiver: two ranks that both send first, to each other, wait for ever.
  /// - Parameters:
  ///   - buffer: what is sent.
  ///   - destination: the rank that receives it.
  ///   - tag: `0...maximumTag`; the receiver can ask for it.
  public func send<T: MPIScalar>(
    _ buffer: UnsafeBufferPointer<T>, to destination: Int, tag: Int = 0
  ) throws(MPIError) {
    try validate(rank: destination, as: "destination", "MPI_Send")
    try validate(tag: tag, "MPI_Send")
    var start = 0
    var length: Int
    repeat {
      length = min(buffer.count - start, maximumCountPerCall)
      try check(
        MPI_Send(
          buffer.baseAddress.map { $0 + start }, Int32(length), T.datatype.handle, Int32(destination), Int32(tag),
          handle),
        "MPI_Send")
      start += length
    } while length == maximumCountPerCall
  }

  /// Sends `values` to rank `destination`.
  public func send<T: MPIScalar>(_ values: [T], to destination: Int, tag: Int = 0) throws(MPIError) {
    try values.withUnsafeBufferPointer { (buffer) throws(MPIError) in try send(buffer, to: destination, tag: tag) }
  }

  /// Sends one value to rank `destination`.
  public func send<T: MPIScalar>(_ value: T, to destination: Int, tag: Int = 0) throws(MPIError) {
    try send([value], to: destination, tag: tag)
  }

  // MARK: Receive

  /// Receives a message into the start of `buffer` and says what it was.
  ///
  /// - Parameters:
  ///   - buffer: where it goes, to the start.
  ///   - source: the rank it comes from; nil takes it from any rank.
  ///   - tag: the tag it has; nil takes any.
  /// - Throws: `MPIError.failed` of class `truncate` if the message is longer than the buffer;
  ///   `MPIError.wrongElementType` if it is not a whole number of `T`s.
  @discardableResult
  public func receive<T: MPIScalar>(
    into buffer: UnsafeMutableBufferPointer<T>, from source: Int? = nil, tag: Int? = nil
  ) throws(MPIError) -> MessageStatus {
    var envelope = try Envelope(source: source, tag: tag, of: self, "MPI_Recv")
    var received = 0
    while true {
      let rest = UnsafeMutableBufferPointer(
        start: buffer.baseAddress.map { $0 + received }, count: min(buffer.count - received, maximumCountPerCall))
      let piece = try receivePiece(into: rest, envelope)
      received += piece.count
      if piece.count < maximumCountPerCall {
        return MessageStatus(source: piece.source, tag: piece.tag, count: received)
      }
      envelope = Envelope(piece)
    }
  }

  /// Receives a message of at most one element into `value`. Parameters and errors are those of the other `receive`s.
  @discardableResult
  public func receive<T: MPIScalar>(
    into value: inout T, from source: Int? = nil, tag: Int? = nil
  ) throws(MPIError) -> MessageStatus {
    try withOneElement(&value) { (buffer) throws(MPIError) in try receive(into: buffer, from: source, tag: tag) }
  }

  /// Receives a message of any length. Parameters and errors are those of `receive(into:from:tag:)`.
  public func receive<T: MPIScalar>(
    _ type: T.Type, from source: Int? = nil, tag: Int? = nil
  ) throws(MPIError) -> (values: [T], status: MessageStatus) {
    var envelope = try Envelope(source: source, tag: tag, of: self, "MPI_Recv")
    var values: [T] = []
    while true {
      let probed = try probe(type, envelope)
      envelope = Envelope(probed)
      var piece = [T](repeating: .zero, count: probed.count)
      try piece.withUnsafeMutableBufferPointer { (buffer) throws(MPIError) in
        _ = try receivePiece(into: buffer, envelope)
      }
      values += piece
      if probed.count < maximumCountPerCall {
        return (values, MessageStatus(source: probed.source, tag: probed.tag, count: values.count))
      }
    }
  }

  private func receivePiece<T: MPIScalar>(
    into buffer: UnsafeMutableBufferPointer<T>, _ envelope: Envelope
  ) throws(MPIError) -> MessageStatus {
    var status = MPI_Status()
    try check(
      MPI_Recv(
        buffer.baseAddress, Int32(buffer.count), T.datatype.handle, envelope.source, envelope.tag, handle, &status),
      "MPI_Recv")
    return try MessageStatus(status, T.datatype, name: "\(T.self)", "MPI_Recv")
  }

  // MARK: Probe

  /// Waits until a message that `receive` with the same arguments would take has arrived, without taking it.
  ///
  /// The count of a message of `maximumCountPerCall` elements or more is that of its first piece.
  public func probe<T: MPIScalar>(
    _ type: T.Type, from source: Int? = nil, tag: Int? = nil
  ) throws(MPIError) -> MessageStatus {
    try probe(type, try Envelope(source: source, tag: tag, of: self, "MPI_Probe"))
  }

  private func probe<T: MPIScalar>(_ type: T.Type, _ envelope: Envelope) throws(MPIError) -> MessageStatus {
    var status = MPI_Status()
    try check(MPI_Probe(envelope.source, envelope.tag, handle, &status), "MPI_Probe")
    return try MessageStatus(status, T.datatype, name: "\(T.self)", "MPI_Probe")
  }

  /// What `probe` would return, or nil if no such message has arrived yet. Does not wait.
  public func probeIfArrived<T: MPIScalar>(
    _ type: T.Type, from source: Int? = nil, tag: Int? = nil
  ) throws(MPIError) -> MessageStatus? {
    let envelope = try Envelope(source: source, tag: tag, of: self, "MPI_Iprobe")
    var status = MPI_Status()
    var arrived: Int32 = 0
    try check(MPI_Iprobe(envelope.source, envelope.tag, handle, &arrived, &status), "MPI_Iprobe")
    return arrived == 0 ? nil : try MessageStatus(status, T.datatype, name: "\(T.self)", "MPI_Iprobe")
  }
}

/// The source and tag that a receiver asks for, checked, as MPI takes them.
struct Envelope {
  let source: Int32
  let tag: Int32

  init(source: Int?, tag: Int?, of communicator: Communicator, _ function: StaticString) throws(MPIError) {
    if let source { try communicator.validate(rank: source, as: "source", function) }
    if let tag { try communicator.validate(tag: tag, function) }
    self.source = source.map(Int32.init) ?? cmpi_any_source()
    self.tag = tag.map(Int32.init) ?? cmpi_any_tag()
  }

  /// The following piece of the same message.
  init(_ status: MessageStatus) {
    source = Int32(status.source)
    tag = Int32(status.tag)
  }
}

extension MessageStatus {
  /// Reads MPI's status of a message of `datatype`s.
  init(
    _ status: MPI_Status, _ datatype: Datatype, name: @autoclosure () -> String, _ function: StaticString
  ) throws(MPIError) {
    var status = status
    var count: Int32 = 0
    try check(MPI_Get_count(&status, datatype.handle, &count), "MPI_Get_count")
    let source = Int(status.MPI_SOURCE)
    let tag = Int(status.MPI_TAG)
    guard count != cmpi_undefined() else {
      throw .wrongElementType(function: "\(function)", type: name(), source: source, tag: tag)
    }
    self.init(source: source, tag: tag, count: Int(count))
  }
}
