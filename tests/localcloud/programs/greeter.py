"""A small service: greets, tells its replica and process; knows a few ways to misbehave."""

import http.server
import os
import pathlib
import signal
import subprocess
import sys
import time

MODE = os.environ.get("MODE", "")
GREETING = os.environ.get("GREETING", "hello")
if "GREETING_FILE" in os.environ:
    GREETING = pathlib.Path(os.environ["GREETING_FILE"]).read_text().strip()
    MODE = "crash" if GREETING == "bad" else MODE


class Greeter(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/slow":
            time.sleep(0.5)
        status = 500 if MODE == "sick" else 200
        text = f"{GREETING} {os.environ['REPLICA']} {os.getpid()}"
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


if MODE == "crash":
    sys.stderr.write("cannot find my configuration\n")
    sys.exit(3)
if MODE == "family":
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
if MODE == "chatty":
    sys.stdout.write("to the log, not to the pipe\n")
if MODE == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
http.server.ThreadingHTTPServer(
    (os.environ["HOST"], int(os.environ["PORT"])), Greeter
).serve_forever()
