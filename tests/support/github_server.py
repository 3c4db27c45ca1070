"""A small GitHub on loopback: secrets and variables of repositories; it opens what it is given."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from nacl.public import PrivateKey, SealedBox

TOKEN = "token-for-tests"
REPOSITORY = "example/shop"


@dataclass
class GitHub:
    """What the server holds; `opened` are the values in clear."""

    address: str = ""
    key: PrivateKey = field(default_factory=PrivateKey.generate)
    opened: dict[str, str] = field(default_factory=dict)
    changed: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    writes: int = 0

    def put(self, name: str, value: str) -> None:
        """Write a secret as somebody else would."""
        self.writes += 1
        self.opened[name], self.changed[name] = value, f"instant-{self.writes}"

    def answer(self, method: str, path: str, body: dict[str, str]) -> tuple[int, object]:
        """Answer one request below `/repos/example/shop/actions/`."""
        kind, _, name = path.partition("/")
        if path == "secrets/public-key":
            key = base64.b64encode(bytes(self.key.public_key)).decode()
            return 200, {"key_id": "1", "key": key}
        held = self.opened if kind == "secrets" else self.variables
        if method in {"POST", "PUT"}:
            self._write(name, body)
            return 201, {}
        if name not in held:
            return 404, {"message": "Not Found"}
        if method == "GET":
            return 200, {"value": self.variables.get(name), "updated_at": self.changed.get(name)}
        del held[name]
        if method == "PATCH":
            self.variables[name] = body["value"]
        return 204, None

    def _write(self, name: str, body: dict[str, str]) -> None:
        if "encrypted_value" not in body:
            self.variables[body["name"]] = body["value"]
            return
        sealed = base64.b64decode(body["encrypted_value"])
        self.put(name, SealedBox(self.key).decrypt(sealed).decode())


@contextmanager
def running_github() -> Iterator[GitHub]:
    """Run it on a free port."""
    github = GitHub()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            beginning = f"/repos/{REPOSITORY}/actions/"
            known = self.headers["Authorization"] == f"Bearer {TOKEN}"
            status, content = 404, {"message": "Not Found"}
            if known and self.path.startswith(beginning):
                status, content = github.answer(
                    self.command, self.path.removeprefix(beginning), body
                )
            text = b"" if content is None else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    for verb in ("GET", "PUT", "POST", "PATCH", "DELETE"):
        setattr(Handler, f"do_{verb}", Handler.answer)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    github.address = f"http://127.0.0.1:{server.server_address[1]}"
    yield github
    server.shutdown()
    server.server_close()
