// How well the ends of curves are foretold, and who is given up wrongly.

import DepthSearch

/// What a model of curves is worth on one data set.
package struct Judgement: Sendable {
  /// Depths that are given up with one confidence, over all looks at a curve.
  package struct GivingUp: Sendable {
    package let confidence: Double
    /// Of the depths that meet a target which they just meet, those given up.
    package private(set) var ofThoseThatMeet = Rate()
    /// Of the depths given up, for that target or a higher one that a depth of their search just meets, those that meet it.
    package private(set) var ofThoseGivenUp = Rate()
    /// Epochs of depths that miss such a target, and how many of them giving up saves.
    package private(set) var epochs = Rate()

    /// Whether neither rate is above what the confidence allows, with all that chance may have hidden.
    package var holds: Bool {
      max(ofThoseThatMeet.upperBound, ofThoseGivenUp.upperBound) <= 1 - confidence
    }

    fileprivate init(confidence: Double) { self.confidence = confidence }

    /// Adds a depth that is given up after so many epochs, or never, for a target.
    fileprivate mutating func add(givenUpAfter epoch: Int?, of epochs: Int, meets: Bool) {
      if meets { ofThoseThatMeet.add(epoch != nil) }
      if epoch != nil { ofThoseGivenUp.add(meets) }
      guard !meets else { return }
      for each in 1...epochs { self.epochs.add(epoch.map { each > $0 } ?? false) }
    }
  }

  /// How good estimates are.
  package struct Quality: Sendable {
    /// How often the end is within two standard deviations.
    package private(set) var coverage = Rate()
    private var scores: [Double] = []
    private var plainScores: [Double] = []

    /// The mean continuous ranked probability score, in points.
    package var score: Double { 100 * scores.mean }
    /// That of the last accuracy, or the next shallower depth's, plus what curves of other data sets gain on average.
    package var plainScore: Double { 100 * plainScores.mean }

    fileprivate mutating func add(_ estimate: Ensemble, plain: Double, end: Accuracy) {
      coverage.add(estimate.covers(end.share))
      scores.append(estimate.score(end.share))
      plainScores.append(abs(plain - end.share))
    }
  }

  package let dataset: String
  package private(set) var curves = 0
  /// Estimates by a part of a curve.
  package private(set) var ends = Quality()
  /// Estimates of depths that have not been trained.
  package private(set) var forecasts = Quality()
  package private(set) var givingUp: [GivingUp]
  private var firstSpreads: [Double] = []

  /// The median standard deviation of the estimates at the first look, after a third of the schedule, in points.
  package var firstSpread: Double { 100 * firstSpreads.median }

  /// Judges a model by the searches of a data set.
  /// - Parameters:
  ///   - searches: all of one data set, at least one.
  ///   - others: what the plain estimate takes mean gains from; those of the same data set if there are none.
  package init(of model: CurveModel, on searches: [RecordedSearch], others: [RecordedSearch], confidences: [Double]) {
    dataset = searches[0].dataset
    givingUp = confidences.map(GivingUp.init)
    let plain = PlainEstimate(others.isEmpty ? searches : others)
    for search in searches {
      curves += search.curves.count
      let targets = Set(search.curves.indices.map { search.end(of: $0).share })
      for index in search.curves.indices {
        let looks = search.looks(at: index)
        judgeEnds(looks, model, plain)
        if let forecast = search.forecast(of: index) {
          forecasts.add(
            Ensemble(model.end(of: forecast.course)), plain: forecast.last.share + plain.gainOfNextDepth,
            end: forecast.end)
        }
        judgeGivingUp(looks, targets.sorted(), model)
      }
    }
  }

  private mutating func judgeEnds(_ looks: [Look], _ model: CurveModel, _ plain: PlainEstimate) {
    for look in looks {
      ends.add(Ensemble(model.end(of: look.course)), plain: plain.end(of: look), end: look.end)
    }
    if let first = looks.first { firstSpreads.append(Ensemble(model.end(of: first.course)).standardDeviation) }
  }

  private mutating func judgeGivingUp(_ looks: [Look], _ targets: [Double], _ model: CurveModel) {
    guard let own = looks.first?.end.share else { return }
    for target in targets where target >= own {
      // What has met the target once is not given up.
      let misses = looks.map { $0.best >= target ? 0 : model.end(of: $0.course).probability(below: target) }
      for number in givingUp.indices {
        let options = AdaptiveOptions(epochs: looks[0].epochs, confidence: givingUp[number].confidence)
        let first = misses.firstIndex { $0 >= options.leastMiss }
        givingUp[number].add(givenUpAfter: first.map { looks[$0].epoch }, of: looks[0].epochs, meets: target == own)
      }
    }
  }
}

/// The last accuracy plus the mean gain of other curves from there.
private struct PlainEstimate {
  private let gains: [(progress: Double, gain: Double)]
  /// Mean gain from one depth of a search to the next one that was trained.
  let gainOfNextDepth: Double

  init(_ searches: [RecordedSearch]) {
    gains = searches.flatMap { search in search.curves.indices.flatMap(search.looks) }.map { look in
      (look.progress, look.end.share - look.last.share)
    }
    let steps = searches.flatMap { search in
      search.curves.indices.dropFirst().map { search.end(of: $0).share - search.end(of: $0 - 1).share }
    }
    gainOfNextDepth = steps.isEmpty ? 0 : steps.mean
  }

  func end(of look: Look) -> Double {
    let alike = gains.filter { abs($0.progress - look.progress) < 0.06 }.map(\.gain)
    return look.last.share + (alike.isEmpty ? 0 : alike.mean)
  }
}
