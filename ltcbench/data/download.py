"""Files over HTTP: several tries, resumed where they broke off, and no long wait for a network that is not there.

What a server says is not trusted: how much it sends is limited, and how slowly, and how often it sends one elsewhere.
"""

import json
import logging
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent import futures
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from tqdm import tqdm

from ltcbench.data.mirrors import Unavailable

T = TypeVar("T")

CONNECT, READ = 5.0, 30.0  # seconds until a connection stands, and between two pieces of an answer
FIRST_ANSWER = 6.0  # seconds that a host not heard from yet may take to answer, look-up of its name included
SILENCE = 12.0  # seconds that all such hosts together may take: then there is no network
TRIES = 5  # connections that may break off in the middle of a file
BACKOFF = 1.0  # seconds more before each of them
CHUNK = 1 << 18
MOST = 10 << 30  # bytes of a file of which nobody knows the size
STALL, SLOWEST = 60.0, 1000  # seconds after which a file is given up that comes slower, bytes a second
REDIRECTS = 10  # as many times a server may send one elsewhere
BUSY, BUSY_TRIES = (429, 500, 502, 503, 504), 3  # statuses that may pass, and how often to ask

_URLLIB3_LOG = logging.getLogger("urllib3.connectionpool")


class _BrokenOff(Exception):
    """The connection ended in the middle of the file."""


class _Session(requests.Session):
    """Follows no redirection: requests reads the body of one to its end, which may not come."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class Client:
    """Fetches files over HTTP and remembers which hosts answer. Use it as a context manager."""

    def __init__(self) -> None:
        self._session = _Session()
        # The bytes as they are on the server: a file.gz is to arrive as a file.gz.
        self._session.headers.update({"User-Agent": "ltcbench", "Accept-Encoding": "identity"})
        # Of connections only: to ask again after an answer, urllib3 reads that to its end, and it may have none.
        retries = urllib3.Retry(total=4, connect=1, read=1, status=0, respect_retry_after_header=False)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retries))
        self._heard: set[str] = set()
        self._dead: dict[str, str] = {}
        self._patience = SILENCE

    def __enter__(self) -> "Client":
        self._log_level = _URLLIB3_LOG.level
        _URLLIB3_LOG.setLevel(logging.ERROR)  # its retries are told in our words, if they fail
        return self

    def __exit__(self, *_: object) -> None:
        _URLLIB3_LOG.setLevel(self._log_level)
        self._session.close()

    def get(self, url: str, path: Path, most: int = MOST) -> Path:
        """The file at ``url``, complete, at ``path``.

        Until it is complete it is ``<path>.part``; one left by an earlier call is continued if the server still has
        the same file.

        Args:
            url: where it is.
            path: where it is to be.
            most: bytes that it may have.

        Raises:
            Unavailable: no answer, an error status, the connection broke off too often, or the file is too large or
                too slow.
            OSError: the file cannot be written.
        """
        part = _Part(path)
        reason = ""
        for attempt in range(TRIES):
            time.sleep(BACKOFF * attempt)
            try:
                self._receive(url, part, most)
            except _BrokenOff as error:
                reason = str(error)
            else:
                part.finish(path)
                return path
        raise Unavailable(f"broke off {TRIES} times, {reason}")

    def has(self, url: str) -> bool:
        """Whether there is a file at ``url``."""
        try:
            with self._open(url, {}) as response:
                return response.status_code == 200
        except Unavailable:
            return False

    def _receive(self, url: str, part: "_Part", most: int) -> None:
        """Append to ``part`` what is missing, or write it anew."""
        have, validator = part.resumable(url)
        # If-Range: should the file have changed meanwhile, the server sends all of it, with status 200.
        asked = {"Range": f"bytes={have}-", "If-Range": validator} if have else {}
        with self._open(url, asked) as response:
            resumed = response.status_code == 206 and response.headers.get("Content-Range", "").startswith(
                f"bytes {have}-"
            )
            if have and not resumed and response.status_code in (206, 416):
                part.discard()
                raise _BrokenOff("the server refused to continue the file")
            if response.status_code not in (200, 206):
                raise Unavailable(f"{response.status_code} {response.reason}")
            if not resumed:
                part.begin(url, _validator(response.headers))
                have = 0
            length = response.headers.get("Content-Length", "")
            total = have + int(length) if length.isdecimal() and len(length) < 20 else None
            if max(have, total or 0) > most:
                part.refuse(most)
            print(f"fetching {url}" + (f" ({total / 1e6:.1f} MB)" if total else ""), file=sys.stderr)
            with part.path.open("ab") as file, _progress(part.path.stem, have, total) as bar:
                pace = _Pace()
                try:
                    while chunk := response.raw.read1(CHUNK, decode_content=False):
                        have += len(chunk)
                        if have > most:
                            part.refuse(most)
                        file.write(chunk)
                        bar.update(len(chunk))
                        pace.came(len(chunk))
                except urllib3.exceptions.HTTPError as error:
                    raise _BrokenOff(f"last with {type(error).__name__}") from None
            if total is not None and part.path.stat().st_size < total:
                raise _BrokenOff("last before its end")

    def _open(self, url: str, headers: Mapping[str, str]) -> requests.Response:
        """The answer to a GET, its body not read yet; redirections followed, and asked again where it may help."""
        for attempt in range(BUSY_TRIES):
            time.sleep(attempt / 2)
            response = self._followed(url, headers)
            if response.status_code not in BUSY or attempt == BUSY_TRIES - 1:
                break
            response.close()
        return response

    def _followed(self, url: str, headers: Mapping[str, str]) -> requests.Response:
        for _ in range(REDIRECTS + 1):
            response = self._answer(url, headers)
            if not response.is_redirect:
                return response
            response.close()
            url = urljoin(url, response.headers["Location"])
            if urlsplit(url).scheme not in ("http", "https"):
                raise Unavailable("sends one to what is no web address")
        raise Unavailable(f"sends one elsewhere more than {REDIRECTS} times")

    def _answer(self, url: str, headers: Mapping[str, str]) -> requests.Response:
        host = urlsplit(url).netloc
        if host in self._dead:
            raise Unavailable(self._dead[host])
        heard = host in self._heard
        limit = READ if heard else min(FIRST_ANSWER, self._patience)
        began = time.monotonic()
        try:
            response = _within(
                limit,
                lambda: self._session.get(url, headers=headers, stream=True, timeout=(CONNECT, READ)),
            )
        except (requests.RequestException, futures.TimeoutError) as error:
            self._dead[host] = _reason(error)
            raise Unavailable(self._dead[host]) from None
        finally:
            if not heard:
                self._patience = max(0.0, self._patience - (time.monotonic() - began))
        self._heard.add(host)
        return response


class _Part:
    """A file on its way, with a note beside it of where it comes from."""

    def __init__(self, path: Path) -> None:
        self.path = path.with_name(f"{path.name}.part")
        self._note = path.with_name(f"{path.name}.part.json")

    def resumable(self, url: str) -> tuple[int, str]:
        """Bytes to continue after and what If-Range must say; 0 bytes if there is nothing to continue."""
        try:
            note: dict[str, Any] = json.loads(self._note.read_text(encoding="utf-8"))
            size = self.path.stat().st_size
        except (FileNotFoundError, ValueError):
            return 0, ""
        if note.get("url") != url or not note.get("validator"):
            return 0, ""
        return size, note["validator"]

    def begin(self, url: str, validator: str | None) -> None:
        """Start anew. The old bytes go before the new note comes: they must never be taken for one file."""
        self.discard()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._note.write_text(json.dumps({"url": url, "validator": validator}), encoding="utf-8")

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def refuse(self, most: int) -> None:
        """Give up a file that is too large: nothing of it stays.

        Raises:
            Unavailable: always.
        """
        self.discard()
        raise Unavailable(f"has more than the {most / 1e6:.0f} MB that it may have")

    def finish(self, path: Path) -> None:
        self.path.replace(path)
        self._note.unlink(missing_ok=True)


class _Pace:
    """How fast a file comes."""

    def __init__(self) -> None:
        self._began, self._size = time.monotonic(), 0

    def came(self, size: int) -> None:
        """Count what came.

        Raises:
            Unavailable: it was too little for the time that it took.
        """
        self._size += size
        passed = time.monotonic() - self._began
        if passed > STALL:
            if self._size < SLOWEST * passed:
                raise Unavailable(f"sends less than {SLOWEST / 1000:g} kB a second")
            self._began, self._size = time.monotonic(), 0


def _validator(headers: Mapping[str, str]) -> str | None:
    """What names this version of the file in If-Range, which takes no weak ETag."""
    etag = headers.get("ETag")
    return etag if etag and not etag.startswith("W/") else headers.get("Last-Modified")


def _progress(name: str, have: int, total: int | None) -> "tqdm[Any]":
    return tqdm(desc=name, initial=have, total=total, unit="B", unit_scale=True, leave=False, disable=None)


def _within(seconds: float, call: Callable[[], T]) -> T:
    """``call()``, given up after some seconds: a name look-up takes no time-out, and a host may have many addresses.

    Raises:
        concurrent.futures.TimeoutError: it took longer; a response that comes later is closed.
    """
    answer: futures.Future[T] = futures.Future()

    def run() -> None:
        try:
            result = call()
        except BaseException as error:
            answer.set_exception(error)
        else:
            answer.set_result(result)

    threading.Thread(target=run, daemon=True).start()
    try:
        return answer.result(timeout=seconds)
    except futures.TimeoutError:
        answer.add_done_callback(_close)
        raise


def _close(answer: "futures.Future[Any]") -> None:
    if answer.exception() is None:
        answer.result().close()


def _reason(error: Exception) -> str:
    if isinstance(error, (requests.Timeout, futures.TimeoutError)):
        return "no answer"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return type(error).__name__
