// Finds what may have been meant by a word that is not known.

/// The word of `words` nearest to `word`, if at most two letters or a third of it are wrong.
func nearest(to word: String, in words: [String]) -> String? {
  let best = words.map { (word: $0, distance: editDistance(word.lowercased(), $0.lowercased())) }
    .min { $0.distance < $1.distance }
  guard let best, best.distance <= max(2, best.word.count / 3) else { return nil }
  return best.word
}

/// Insertions, deletions and substitutions that turn one text into the other (Levenshtein's distance).
private func editDistance(_ first: String, _ second: String) -> Int {
  let second = Array(second)
  var row = Array(0...second.count)
  for (i, letter) in first.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for j in second.indices {
      let substitution = diagonal + (letter == second[j] ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(substitution, row[j] + 1, diagonal + 1)
    }
  }
  return row[second.count]
}
