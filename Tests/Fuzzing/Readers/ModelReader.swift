// The reader of saved networks.

import Files
import ModelExchange

extension FuzzReader {
  /// A byte for the form, and a file; or, if the form is 1, three bytes with the number of zeros that stand for the
  /// tensors' values, and the header's JSON.
  static let model = FuzzReader(name: "model") { bytes in
    var input = FuzzInput(bytes)
    guard input.byte() == 1 else { return complaint(about: input.rest()) }
    // The smallest network has 0.3 MB.
    let zeros = min(input.integer(3), 400_000)
    let json = input.rest()
    let file = UInt64(json.count).littleEndianBytes + json
    // Nearly all headers are refused before the values matter, which take a hundred times as long.
    if let complaint = complaint(about: file), !complaint.contains("bytes of data") { return complaint }
    return complaint(about: file + [UInt8](repeating: 0, count: zeros))
  }

  private static func complaint(about file: [UInt8]) -> String? {
    do throws(ModelFileError) {
      _ = try ModelFile(InputFile(file, name: "model.safetensors"))
      return nil
    } catch {
      return error.description
    }
  }
}
