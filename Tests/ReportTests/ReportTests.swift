// The page and what it is made of.

import DistributedTraining
import Foundation
import Report
import Telemetry
import Testing

@Suite("A report")
struct ReportTests {
  private static func page(_ runs: RunFiles..., thumbnails: Thumbnails = .missing("no images.")) throws -> String {
    Report(try runs.map { .init(try RunRecord(path: $0.path), thumbnails: thumbnails) }).html
  }

  /// What has to stand in the page, for each of its parts.
  static let parts = [
    "target met", "75.00 %", "Accuracy over the epochs", "Training loss over the epochs", ">d2<",
    "Accuracy against parameters", "Accuracy against multiply-adds", "Time per depth", "Confusion matrix",
    "truck taken for cat: 1, 100.00 % of its images", "block 2, kept", "block 3, cut away", "growing to depth 2",
    "OpenBLAS Zen (0.3.21)", "target: 90.0", "1 of 4 test images", "91.00 ± 2.86",
    "depth 1 was not tried: whether it would do is not known",
  ]

  @Test("of a whole run shows everything", arguments: parts)
  func whole(part: String) throws {
    #expect(try Self.page(.whole()).contains(part))
  }

  @Test("fetches nothing")
  func noNetwork() throws {
    let page = try Self.page(.whole(), .whole(name: "other"))
    #expect(!page.contains("http://") && !page.contains("https://") && !page.contains("<link"))
    #expect(page.contains("default-src 'none'"))
  }

  @Test("has pictures in it")
  func thumbnails() throws {
    let image = PNGImage(width: 2, height: 2, channels: 1, pixels: [0, 64, 128, 255])
    let page = try Self.page(.whole(), thumbnails: .images([(3, image), (400, image)]))
    #expect(page.components(separatedBy: "data:image/png;base64,\(Data(image.file).base64EncodedString())").count == 2)
    #expect(page.contains("<b>truck</b><br>as cat, 70.0&nbsp;%"))
  }

  @Test("escapes all names, however hostile")
  func escaping() throws {
    let hostile = "</title><script>alert('1')</script>\"&\u{7}"
    let run = try RunFiles.whole(
      name: "a<b>&'\"", classNames: [hostile, "dog", "ship", "<img src=x onerror=alert(2)>"])
    try run.add(#"{"event":"warning","time":99,"value":{"message":"<b>&\#(hostile.dropLast().dropLast(2))"}}"#)
    try run.write("</pre><script>alert(3)</script>", to: "config.yaml")
    let page = try Self.page(run, .whole())
    #expect(page.components(separatedBy: "<script>").count == 2, "the page's own")
    #expect(!page.contains("<img") && !page.contains("node<1>") && !page.contains("a<b>"))
    #expect(page.contains("node&lt;1&gt;") && page.contains("a&lt;b&gt;&amp;&#39;&quot;"))
    #expect(!page.unicodeScalars.contains("\u{7}"))
  }

  @Test("compares several runs")
  func several() throws {
    let page = try Self.page(.whole(name: "one", ranks: 1), .whole(name: "four", ranks: 4))
    #expect(page.contains("Side by side") && page.contains("Scaling at depth 1"))
    #expect(page.contains("25 %"), "four ranks are as fast as one here")
    #expect(try !Self.page(.whole()).contains("Side by side"))
  }

  @Test("counts the ranks that went on, where a run was continued with others")
  func continued() throws {
    let run = try RunFiles(ranks: 2)
    try run.add(
      """
      {"event":"resumed","time":1,"value":{"ranks":2,"layout":{"hosts":[{"name":"a","ranks":7,"threads":[1],"cores":8,\
      "coreTypes":["Zen"]}],"blasVersion":"0.3.21","mpi":"Open MPI"}}}
      """)
    #expect(try Self.page(run).contains("images per step over 7 ranks"))
  }

  @Test("tells of a run that has just begun, and of one that was interrupted")
  func unfinished() throws {
    let run = try RunFiles()
    #expect(try Self.page(run).contains("No epoch of the search has ended yet"))
    try run.add(epoch: 1, depth: 1, accuracy: 60)
    // What a killed process left of a line.
    let log = try FileHandle(forWritingTo: URL(fileURLWithPath: run.path + "/events.jsonl"))
    try log.seekToEnd()
    try log.write(contentsOf: Data(#"{"event":"epo"#.utf8))
    #expect(try Self.page(run).contains("interrupted</b> at depth 1, after epoch 1"))
    let lock = try RunLock(run: run.path)
    #expect(try Self.page(run).contains("still going</b> at depth 1, after epoch 1"))
    withExtendedLifetime(lock) {}
  }

  static let damages: [(line: String, message: String)] = [
    ("nonsense", "line 5: expected an event as JSON, found \"nonsense\""),
    (#"{"event":"epoch","time":1,"value":{}}"#, "line 5: expected the event epoch, found no \"training\""),
    (#"{"event":"finished","time":1,"value":7}"#, "line 5: expected the event finished"),
    (
      finished(depth: .min, target: 90), "line 5: expected a depth from 1 to 8, found -9223372036854775808"
    ),
    (
      finished(depth: 2, target: 90, network: RunFiles.network(2, width: 0.5)),
      "line 5: expected a resnet18, found a resnet18 of width 0.5"
    ),
    (finished(depth: 2, target: 1e300), "line 5: expected a target in percent from 0.0 to 100.0, found 1e+300"),
    (
      #"{"event":"resumed","time":1,"value":{"layout":{"hosts":[{"name":"a","ranks":9223372036854775807,"threads":[],"#
        + #""cores":1,"coreTypes":[]}],"blasVersion":"","mpi":""}}}"#,
      "line 5: expected ranks of a host from 1 to 1000000000, found 9223372036854775807"
    ),
  ]

  /// The end of a run with an outcome that no run has.
  private static func finished(depth: Int, target: Double, network: String = RunFiles.network(2)) -> String {
    let accuracy = #"{"correct":91,"total":100}"#
    return
      #"{"event":"finished","time":9,"value":{"architecture":\#(network),"outcome":{"targetMet":true,"target":\#(target),"#
      + #""tolerance":0.5,"depth":\#(depth),"accuracy":\#(accuracy),"bestDepth":2,"bestAccuracy":\#(accuracy),"#
      + #""reason":"fineTuned"},"validationAccuracy":91,"testAccuracy":75,"depths":[],"imagesTrained":3,"seconds":9,"ranks":2}}"#
  }

  @Test("refuses a damaged log, and says where", arguments: damages)
  func damagedLog(line: String, message: String) throws {
    let run = try RunFiles.whole()
    let log = run.path + "/events.jsonl"
    var lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").map(String.init)
    lines[4] = line
    try run.write(lines.joined(separator: "\n") + "\n", to: "events.jsonl")
    let error = #expect(throws: RunRecordError.self) { try RunRecord(path: run.path) }
    #expect(error?.description.hasPrefix("\(log), \(message)") == true, "\(error?.description ?? "")")
  }

  @Test("refuses epochs with impossible numbers")
  func impossible() throws {
    for (epoch, depth, accuracy) in [(1, 9, 50.0), (1, 1, 101.0), (0, 1, 50.0)] {
      let run = try RunFiles()
      try run.add(epoch: epoch, depth: depth, accuracy: accuracy)
      #expect(throws: RunRecordError.self) { try RunRecord(path: run.path) }
    }
    let run = try RunFiles()
    try run.add(epoch: 2, depth: 1, accuracy: 50)
    try run.add(epoch: 2, depth: 1, accuracy: 50)
    #expect(throws: RunRecordError.self) { try RunRecord(path: run.path) }
  }

  @Test(
    "refuses answers that do not fit together",
    arguments: [
      "", "[]", #"{"classNames":["a"],"labels":[0],"predictions":[1],"confidences":[0.5]}"#,
      #"{"classNames":["a"],"labels":[0],"predictions":[0],"confidences":[]}"#,
      #"{"classNames":["a"],"labels":[0],"predictions":[0],"confidences":[2]}"#,
    ])
  func damagedAnswers(text: String) throws {
    let run = try RunFiles.whole()
    try run.write(text, to: RunDirectory.predictionsName)
    let error = #expect(throws: RunRecordError.self) { try RunRecord(path: run.path) }
    #expect(error?.description.contains("expected answers to the test images") == true)
  }

  @Test("refuses a directory without a run, and one whose run has not begun")
  func noRun() throws {
    #expect(throws: RunRecordError.noRun("/nowhere")) { try RunRecord(path: "/nowhere") }
    let run = try RunFiles()
    try run.write("{\"event\":\"sta", to: "events.jsonl")
    #expect(throws: RunRecordError.empty(run.path + "/events.jsonl")) { try RunRecord(path: run.path) }
  }
}
