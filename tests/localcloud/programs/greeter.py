"""A small service: greets, tells its replica and process; knows a few ways to misbehave.

It speaks just enough HTTP: a start of `http.server` takes three times as long.
"""

import os
import signal
import socketserver
import sys
import time

MODE = os.environ.get("MODE", "")
GREETING = os.environ.get("GREETING", "hello")
if "GREETING_FILE" in os.environ:
    from pathlib import Path

    GREETING = Path(os.environ["GREETING_FILE"]).read_text().strip()
    MODE = "crash" if GREETING == "bad" else MODE
STATUS = "500 Internal Server Error" if MODE == "sick" else "200 OK"


class Greeter(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        while request := self.rfile.readline():
            headers = []
            while line := self.rfile.readline().strip().lower():
                headers.append(line)
            if request.split()[1] == b"/slow":
                time.sleep(0.5)
            text = f"{GREETING} {os.environ['REPLICA']} {os.getpid()}"
            head = f"HTTP/1.1 {STATUS}\r\nContent-Length: {len(text.encode())}\r\n\r\n"
            self.wfile.write((head + text).encode())
            if b"connection: close" in headers:
                break


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


if MODE == "crash":
    sys.stderr.write("cannot find my configuration\n")
    sys.exit(3)
if MODE == "family":
    import subprocess

    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
if MODE == "chatty":
    sys.stdout.write("to the log, not to the pipe\n")
if MODE == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
Server((os.environ["HOST"], int(os.environ["PORT"])), Greeter).serve_forever()
