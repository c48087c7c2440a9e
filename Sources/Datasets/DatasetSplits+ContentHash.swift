// By what hosts find out whether they have read the same.

import Files
import Foundation

extension DatasetSplits {
  /// The SHA-256 of all that training, validation and test see: 32 bytes, which are equal where that is equal.
  public var contentHash: [UInt8] {
    var hash = ContentHash()
    let images = train.dataset
    let form = ["\(images.height)x\(images.width)x\(images.channels)", "\(normalization)", "\(augmentation)"]
    hash.add(Array((form + images.classNames).joined(separator: "\0").utf8))
    for split in [train, validation, test] {
      hash.add(Array("\0\(split.count)\0".utf8))
      hash.add(Array(split.dataset.labels[split.range]))
      for index in 0..<split.count {
        hash.add(Array(split.image(at: index)))
        if index % 4_096 == 0 { LongWork.progressed() }
      }
    }
    return hash.finish()
  }
}
