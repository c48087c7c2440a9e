// Makes TensorBoard's messages of what they stand for.

import Foundation
import TensorBoardMessages

extension TensorBoardEvent {
  /// An event of this moment.
  static func now(step: Int, _ what: OneOf_What) -> TensorBoardEvent {
    var event = TensorBoardEvent()
    event.wallTime = Date().timeIntervalSince1970
    event.step = Int64(step)
    event.what = what
    return event
  }
}

extension TensorBoardSummary.Value {
  /// A number on a curve.
  static func scalar(_ tag: String, _ number: Double) -> Self {
    Self(tag) { $0.simpleValue = Float(number) }
  }

  /// Counts of the numbers of a tensor.
  static func histogram(_ tag: String, _ numbers: ArraySlice<Float>) -> Self {
    Self(tag) { $0.histo = Histogram(numbers).message }
  }

  /// A picture.
  static func image(_ tag: String, _ picture: PNGImage) -> Self {
    Self(tag) {
      $0.image.width = Int32(picture.width)
      $0.image.height = Int32(picture.height)
      $0.image.colorspace = Int32(picture.channels)
      $0.image.encodedImageString = Data(picture.file)
    }
  }

  /// A text; TensorBoard reads Markdown.
  static func text(_ tag: String, _ text: String) -> Self {
    Self(tag) {
      $0.metadata.pluginData.pluginName = "text"
      $0.tensor.dtype = .dtString
      $0.tensor.tensorShape.dim = [.with { $0.size = 1 }]
      $0.tensor.stringVal = [Data(text.utf8)]
    }
  }

  private init(_ tag: String, _ fill: (inout Self) -> Void) {
    self.init()
    self.tag = tag
    fill(&self)
  }
}
