// The page in a real browser: nothing overflows, and nothing goes wrong.

import Foundation
import Report
import Telemetry
import Testing

@Suite("In a browser, a report")
struct BrowserTests {
  @Test(
    "fits the width of a phone and of a screen, and has no error on the console",
    .enabled(if: Browser.path != nil, "needs Chromium: chromium or google-chrome on the PATH, or ODN_BROWSER"),
    arguments: [375, 1280])
  func layout(width: Int) throws {
    let long = "a-very-long-name-without-any-place-to-break-it-that-is-much-wider-than-any-phone"
    let image = PNGImage(width: 28, height: 28, channels: 1, pixels: [UInt8](repeating: 90, count: 784))
    let runs = [
      try RunFiles.whole(name: long, ranks: 1, classNames: [long, "dog", "ship", long]), try RunFiles.whole(ranks: 4),
      try RunFiles(),
    ]
    try runs[0].write(long + ": " + long + long, to: "config.yaml")
    let entries = try runs.map {
      Report.Entry(try RunRecord(path: $0.path), thumbnails: .images([(3, image)]))
    }
    let seen = try Browser.look(at: Report(entries).html, width: width)
    #expect(seen.page.contains("data-width=\"\(width)\""), "the page is as wide as the window")
    #expect(seen.page.contains("data-overflow=\"\""), "no element lies beyond it")
    #expect(seen.page.contains("data-broken=\"0\""), "every picture is one")
    #expect(seen.page.contains("data-charts=\"14\""), "2 of both runs with epochs, 6 of each")
    #expect(!seen.console.contains("CONSOLE"), "\(seen.console)")
  }
}

/// Chromium without a window.
private enum Browser {
  static let path: String? = {
    if let named = ProcessInfo.processInfo.environment["ODN_BROWSER"] { return named }
    let directories = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    return ["chromium", "chromium-browser", "google-chrome"].lazy.flatMap { name in directories.map { "\($0)/\(name)" }
    }
    .first(where: FileManager.default.isExecutableFile)
  }()

  /// Loads a page in a frame of a width, as windows cannot be as narrow as phones, and returns the frame's page with what was
  /// measured, and what was said on the console.
  static func look(at html: String, width: Int) throws -> (page: String, console: String) {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("browser-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let escaped = html.replacing("&", with: "&amp;").replacing("\"", with: "&quot;")
    let frame = """
      <!DOCTYPE html><body><iframe id="f" width="\(width)" height="900" style="border:0" srcdoc="\(escaped)"></iframe><script>
      addEventListener('load', () => {
        const page = document.getElementById('f').contentDocument, seen = document.body.dataset
        const inner = page.documentElement
        const isClipped = e => e.closest('.scroll, pre, svg, #tip')
        const beyond = [...page.querySelectorAll('main *')].filter(
          e => !isClipped(e) && e.getBoundingClientRect().right > inner.clientWidth + 0.5)
        seen.width = inner.scrollWidth
        seen.overflow = beyond.map(e => e.tagName + '.' + e.className).join(' ')
        seen.broken = [...page.images].filter(i => !i.complete || !i.naturalWidth).length
        seen.charts = page.querySelectorAll('figure > svg').length
        document.getElementById('f').remove()
      })</script>
      """
    let file = directory.appendingPathComponent("frame.html")
    try Data(frame.utf8).write(to: file)
    let output = directory.appendingPathComponent("output")
    let errors = directory.appendingPathComponent("errors")
    for place in [output, errors] { try Data().write(to: place) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path ?? "")
    process.arguments = [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
      "--enable-logging=stderr", "--user-data-dir=\(directory.path)/profile", "--window-size=\(max(width, 600)),900",
      "--virtual-time-budget=5000", "--dump-dom", file.absoluteString,
    ]
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    process.waitUntilExit()
    return (
      String(decoding: try Data(contentsOf: output), as: UTF8.self),
      String(decoding: try Data(contentsOf: errors), as: UTF8.self)
    )
  }
}
