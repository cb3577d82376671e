"""A file server on this machine that can misbehave in the ways of real ones."""

import contextlib
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Server(ThreadingHTTPServer):
    """Serves ``files`` (path -> bytes) with Range and If-Range.

    Attributes:
        etag: of every file; None sends no validator.
        cuts: after how many bytes of the body to drop the connection, one a request; None sends all.
        statuses: error statuses to send first, one a request.
        ranges: whether Range is understood.
        delay: seconds before each answer.
        says: path -> the head of the answer and the pieces of its body, sent until they end or the other side hangs up.
        requests: (path, Range header or None) of each request so far.
    """

    daemon_threads = False  # closed only after its answers: no socket is left open

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.etag: str | None = '"one"'
        self.cuts: list[int | None] = []
        self.statuses: list[int] = []
        self.ranges = True
        self.delay = 0.0
        self.says: dict[str, tuple[str, Callable[[], Iterable[bytes]]]] = {}
        self.requests: list[tuple[str, str | None]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def add(self, path: str, content: bytes) -> str:
        self.files[path] = content
        return self.url + path


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.requests.append((self.path, asked))
        time.sleep(self.server.delay)
        if self.path in self.server.says:
            return self._say(*self.server.says[self.path])
        if self.server.statuses:
            return self._head(self.server.statuses.pop(0), 0)
        body = self.server.files.get(self.path)
        if body is None:
            return self._head(404, 0)
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and self.server.ranges else 0
        if start and self.headers.get("If-Range") == self.server.etag:
            self._head(206, len(body) - start, f"bytes {start}-{len(body) - 1}/{len(body)}")
            body = body[start:]
        else:
            self._head(200, len(body))
        cut = self.server.cuts.pop(0) if self.server.cuts else None
        self.wfile.write(body[:cut])
        return None

    def _say(self, head: str, body: Callable[[], Iterable[bytes]]) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.wfile.write(head.replace("\n", "\r\n").encode() + b"\r\n\r\n")
            for piece in body():
                self.wfile.write(piece)

    def _head(self, status: int, length: int, content_range: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        if self.server.etag:
            self.send_header("ETag", self.server.etag)
        if content_range:
            self.send_header("Content-Range", content_range)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass
