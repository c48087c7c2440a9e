// Collects what did not hold during a test on one rank. An expectation that fails does not end the test, so that the
// ranks keep meeting in the same collective operations.

/// The expectations of one test on one rank.
public final class Expectations {
  private(set) var failures: [String] = []

  /// Records a failure unless `condition` holds.
  public func callAsFunction(
    _ condition: Bool, _ message: @autoclosure () -> String = "it does not hold",
    file: StaticString = #fileID, line: Int = #line
  ) {
    if !condition { fail(message(), file: file, line: line) }
  }

  /// Records a failure unless `found` equals `expected`.
  public func equal<T: Equatable>(
    _ found: T, _ expected: T, _ what: @autoclosure () -> String = "",
    file: StaticString = #fileID, line: Int = #line
  ) {
    if found != expected { fail(difference(what(), "\(found)", "\(expected)"), file: file, line: line) }
  }

  /// Records a failure unless the numbers differ by at most `tolerance` times the larger of 1 and |expected|.
  public func close<T: FloatingPoint>(
    _ found: T, _ expected: T, tolerance: T, _ what: @autoclosure () -> String = "",
    file: StaticString = #fileID, line: Int = #line
  ) {
    let isClose = abs(found - expected) <= tolerance * max(1, abs(expected))
    if !isClose { fail(difference(what(), "\(found)", "\(expected) ± \(tolerance)"), file: file, line: line) }
  }

  /// Records a failure unless `body` throws an `E`, and returns that error.
  @discardableResult
  public func throwing<E: Error>(
    _ type: E.Type, file: StaticString = #fileID, line: Int = #line, _ body: () throws -> Void
  ) -> E? {
    do {
      try body()
      fail("no error was thrown, expected \(type)", file: file, line: line)
    } catch let error as E {
      return error
    } catch {
      fail("threw \(error), expected \(type)", file: file, line: line)
    }
    return nil
  }

  /// Records a failure unless `body` throws `expected`.
  public func throwing<E: Error & Equatable>(
    _ expected: E, file: StaticString = #fileID, line: Int = #line, _ body: () throws -> Void
  ) {
    if let error = throwing(E.self, file: file, line: line, body) { equal(error, expected, file: file, line: line) }
  }

  /// Records a failure.
  public func fail(_ message: String, file: StaticString = #fileID, line: Int = #line) {
    failures.append("\(file):\(line): \(message)")
  }

  func record(thrown error: any Error) {
    failures.append("threw \(error)")
  }

  private func difference(_ what: String, _ found: String, _ expected: String) -> String {
    (what.isEmpty ? "" : "\(what): ") + "found \(shortened(found)), expected \(shortened(expected))"
  }

  private func shortened(_ text: String) -> String {
    text.count <= 400 ? text : text.prefix(400) + "…"
  }
}
