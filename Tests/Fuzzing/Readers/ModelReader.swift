// The readers of saved networks: ours, and PyTorch's.

import Files
import ModelExchange

extension FuzzReader {
  /// A byte for the form, and a file; or, if the form is 1 or 2, three bytes with the number of zeros that stand for the
  /// tensors' values, and the header's JSON. With 2 the file is read as a state dictionary.
  static let model = FuzzReader(name: "model") { bytes in
    var input = FuzzInput(bytes)
    let form = input.byte()
    guard form == 1 || form == 2 else { return complaint(about: input.rest(), isStateDictionary: false) }
    // The seeds' network has 0.3 MB.
    let zeros = min(input.integer(3), 400_000)
    let json = input.rest()
    let file = UInt64(json.count).littleEndianBytes + json
    // Nearly all headers are refused before the values matter, which take a hundred times as long.
    if let complaint = complaint(about: file, isStateDictionary: form == 2), !complaint.contains("bytes of data") {
      return complaint
    }
    return complaint(about: file + [UInt8](repeating: 0, count: zeros), isStateDictionary: form == 2)
  }

  private static func complaint(about bytes: [UInt8], isStateDictionary: Bool) -> String? {
    let file = InputFile(bytes, name: "model.safetensors")
    do {
      if isStateDictionary {
        let state = try StateDictionary(file)
        _ = try state.weights(of: state.architecture())
      } else {
        _ = try ModelFile(file)
      }
      return nil
    } catch {
      return "\(error)"
    }
  }
}
