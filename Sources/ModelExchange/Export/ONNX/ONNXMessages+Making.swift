// Short ways to make ONNX's messages.

import Foundation
import ONNXMessages
import SwiftProtobuf

extension ONNXTensorProto {
  /// A constant of `type`, of which `words` are the elements or their bit patterns.
  static func integers<Word: FixedWidthInteger>(
    _ name: String, _ shape: [Int], _ type: DataType, _ words: [Word]
  ) -> ONNXTensorProto {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(words.count * MemoryLayout<Word>.size)
    for word in words {
      for place in stride(from: 0, to: Word.bitWidth, by: 8) { bytes.append(UInt8(truncatingIfNeeded: word >> place)) }
    }
    return .with {
      $0.name = name
      $0.dims = shape.map(Int64.init)
      $0.dataType = type
      $0.rawData = Data(bytes)
    }
  }
}

extension ONNXAttributeProto {
  static func float(_ name: String, _ value: Float) -> ONNXAttributeProto {
    .with {
      $0.name = name
      $0.type = .float
      $0.f = value
    }
  }

  static func integer(_ name: String, _ value: Int) -> ONNXAttributeProto {
    .with {
      $0.name = name
      $0.type = .int
      $0.i = Int64(value)
    }
  }

  static func integers(_ name: String, _ values: [Int]) -> ONNXAttributeProto {
    .with {
      $0.name = name
      $0.type = .ints
      $0.ints = values.map(Int64.init)
    }
  }
}

extension ONNXValueInfoProto {
  /// Floats `[N, …]`, for any N.
  static func floats(_ name: String, _ sizes: [Int], about: String = "") -> ONNXValueInfoProto {
    .with { value in
      value.name = name
      value.docString = about
      value.type.tensorType.elemType = .float
      value.type.tensorType.shape.dim =
        [.with { $0.dimParam = "N" }] + sizes.map { size in .with { $0.dimValue = Int64(size) } }
    }
  }
}
