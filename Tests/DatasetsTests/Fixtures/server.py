"""Serves one file under any name, in ways that the first folder of a path chooses: `server.py FILE LOG`.

whole: with ranges. cut: the first half, and only with a range the rest. plain: without ranges; the first time only half.
broken: half of it, and nothing from there on. Anything else is not found. Prints its port, and writes the path and range
of each request to LOG.
"""

import http.server
import sys
from pathlib import Path

CONTENT = Path(sys.argv[1]).read_bytes()
HALF = len(CONTENT) // 2
plain_requests = 0


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global plain_requests
        way = self.path.split("/")[1]
        wanted = self.headers.get("Range", "")
        with open(sys.argv[2], "a") as log:
            print(self.path, wanted, file=log)
        if way not in ("whole", "cut", "plain", "broken"):
            return self.send_error(404)
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and way != "plain" else 0
        rest = CONTENT[start:]
        if start:
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        if way == "cut" and not start:
            rest = rest[:HALF]
        if way == "broken":
            rest = rest[: max(0, HALF - start)]
        if way == "plain":
            plain_requests += 1
            if plain_requests == 1:
                rest = rest[:HALF]
        self.wfile.write(rest)
        self.close_connection = True

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
