"""A small HTTP server for one page on the local network. Whoever speaks to it is a stranger until it shows the token.

Every address begins with the token, 128 random bits; without it there is nothing but 404. Static files are looked up by
their exact name in a list made at the start, so no path leads anywhere else. A body has to say its length beforehand
and is refused unread when it is too long. The headers forbid the page to load anything from elsewhere, and isolate it
(COOP, COEP), without which a browser gives it no threads.
"""

from __future__ import annotations

import hmac
import secrets
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from fv_benchmark.web.certificate import Certificate
from fv_benchmark.web.errors import CannotServe

# 128 bits: RFC 4086 and OWASP call that enough for a session's name.
_TOKEN_BYTES = 16
# A connection that says nothing for so long is closed; a page asks for its next job every 20 s.
_QUIET_LIMIT_S = 60.0
# A browser opens six connections to a host; eight such browsers, and nobody can open threads without end.
_MAX_CONNECTIONS = 48
_COPY_BYTES = 1 << 18
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".wasm": "application/wasm",
    ".png": "image/png",
    ".txt": "text/plain; charset=utf-8",
}
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; "
    "style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), screen-wake-lock=(self), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
# Static files do not change while a server runs, and each block of a benchmark loads its runtime anew.
_KEEP = "private, max-age=3600"


@dataclass(frozen=True)
class Request:
    """`path`: behind the token, without a leading slash. `query`: its parameters. `body`: empty for GET."""

    path: str
    query: dict[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Reply:
    """`body`: bytes, or a file that is sent as it is."""

    body: bytes | Path = b""
    content_type: str = "application/octet-stream"
    status: int = 200


NOT_FOUND = Reply(b"not found", "text/plain; charset=utf-8", 404)


def text_reply(status: int, text: str) -> Reply:
    """A short answer for people."""
    return Reply(text.encode(), "text/plain; charset=utf-8", status)


@dataclass(frozen=True)
class App:
    """What a server serves. `files`: name → file. `get`, `post`: the rest, `NOT_FOUND` for what they do not know.

    `largest_post`: bytes that a body may have at this path, 0 where nothing may be posted.
    """

    files: dict[str, Path]
    get: Callable[[Request], Reply] = lambda _request: NOT_FOUND
    post: Callable[[Request], Reply] = lambda _request: NOT_FOUND
    largest_post: Callable[[str], int] = lambda _path: 0


class PageServer:
    """Serves an `App` from `start` to `stop`, or as a context manager."""

    def __init__(self, app: App, host: str, port: int = 0, certificate: Certificate | None = None) -> None:
        """`port` 0: any free one. Without a certificate it speaks plain HTTP. Raises `CannotServe`."""
        self.token = secrets.token_urlsafe(_TOKEN_BYTES)
        handler = type("Handler", (_Handler,), {"app": app, "token": self.token})
        try:
            self._server = _Server((host, port), handler, certificate.context if certificate else None)
        except OSError as error:
            raise CannotServe(
                f"cannot serve at {host}:{port}", why=str(error.strerror or error), hint="give another --port"
            ) from error
        self.port = int(self._server.server_address[1])
        self._scheme = "https" if certificate else "http"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)

    def url(self, host: str) -> str:
        """The address of the page for who reaches this machine as `host`."""
        return f"{self._scheme}://{host}:{self.port}/{self.token}/"

    def start(self) -> None:
        """Begin to serve, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is being sent ends with its connection."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def __enter__(self) -> PageServer:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A page that is gone must not hold up the end of a run.
    block_on_close = False

    def __init__(self, address: tuple[str, int], handler: type, context: ssl.SSLContext | None) -> None:
        self._context = context
        self._free = threading.BoundedSemaphore(_MAX_CONNECTIONS)
        super().__init__(address, handler)

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        connection.settimeout(_QUIET_LIMIT_S)
        if self._context is None:
            return connection, address
        # The handshake happens with the first read, in the connection's own thread: a silent client blocks nobody else.
        return self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke, or never spoke TLS: a stranger's failure is not ours to report."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "fv"
    sys_version = ""
    app: App
    token: str

    def do_GET(self) -> None:
        request = self._request()
        if request is None:
            self._send(NOT_FOUND)
        elif request.path in self.app.files:
            self._send(_file(self.app.files[request.path]), _KEEP)
        else:
            self._send(self.app.get(request))

    def do_POST(self) -> None:
        request = self._request()
        # After a refusal the rest of the body still stands in the connection: it cannot be used again.
        self.close_connection = True
        length = self.headers.get("Content-Length", "")
        if request is None:
            self._send(NOT_FOUND)
        elif not (length.isascii() and length.isdecimal() and len(length) < 12) or "Transfer-Encoding" in self.headers:
            self._send(text_reply(411, "say the length of the body"))
        elif int(length) > self.app.largest_post(request.path):
            self._send(text_reply(413, "too much"))
        else:
            body = self.rfile.read(int(length))
            if len(body) != int(length):
                return
            self.close_connection = self.headers.get("Connection", "").lower() == "close"
            self._send(self.app.post(Request(request.path, request.query, body)))

    def _request(self) -> Request | None:
        """What is asked behind the right token; None otherwise."""
        parts = urlsplit(self.path)
        first, _, rest = parts.path.lstrip("/").partition("/")
        if not hmac.compare_digest(first.encode(errors="replace"), self.token.encode()):
            return None
        return Request(rest, dict(parse_qsl(parts.query)))

    def _send(self, reply: Reply, cache: str = "no-store") -> None:
        length = reply.body.stat().st_size if isinstance(reply.body, Path) else len(reply.body)
        self.send_response(reply.status)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("Cache-Control", cache)
        if reply.status != 204:  # RFC 9110, 8.6: no length where there can be no content
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(length))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if isinstance(reply.body, bytes):
            self.wfile.write(reply.body)
            return
        with reply.body.open("rb") as stream:
            while part := stream.read(_COPY_BYTES):
                self.wfile.write(part)

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, TimeoutError, ssl.SSLError):
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged: the token stands in every address."""


def _file(path: Path) -> Reply:
    return Reply(path, _TYPES.get(path.suffix, "application/octet-stream"))
