// What libFuzzer calls: one of the readers, which the variable FUZZ_READER names.

import Foundation
import FuzzReaders

/// The reader under test, looked up once.
private let reader: FuzzReader = {
  let name = ProcessInfo.processInfo.environment["FUZZ_READER"] ?? ""
  guard let reader = FuzzReader.all.first(where: { $0.name == name }) else {
    let names = FuzzReader.all.map(\.name).joined(separator: ", ")
    FileHandle.standardError.write(Data("FUZZ_READER: expected one of \(names), found \"\(name)\"\n".utf8))
    exit(64)
  }
  return reader
}()

/// Feeds `size` bytes to the reader; 0 tells libFuzzer that they may be kept in its corpus.
@_cdecl("LLVMFuzzerTestOneInput")
public func feed(_ bytes: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  if let complaint = reader.complaint(Array(UnsafeBufferPointer(start: bytes, count: size))) {
    precondition(FuzzReader.isPrintable(complaint), "a message has a control character in it")
  }
  return 0
}
