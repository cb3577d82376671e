"""Headless Chromium through its WebDriver, just as much of it as the tests of the report need."""

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

DRIVER = shutil.which("chromedriver")
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
REASON = "" if DRIVER and BROWSER else "needs chromium and chromedriver (Debian: chromium chromium-driver)"


class Browser:
    """A session."""

    def __init__(self, address: str, session: str) -> None:
        self.address = f"{address}/session/{session}"

    def open(self, page: str) -> None:
        call("POST", f"{self.address}/url", {"url": page})

    def js(self, script: str, *arguments: object) -> Any:
        """The result of ``return <script>`` in the page."""
        return call("POST", f"{self.address}/execute/sync", {"script": f"return {script}", "args": list(arguments)})

    def click(self, selector: str) -> None:
        """Click as a user does: what is hidden or covered cannot be clicked."""
        call("POST", f"{self._element(selector)}/click", {})

    def type(self, selector: str, text: str) -> None:
        """Replace the text of a field."""
        call("POST", f"{self._element(selector)}/clear", {})
        call("POST", f"{self._element(selector)}/value", {"text": text})

    def resize(self, width: int, height: int) -> None:
        call("POST", f"{self.address}/window/rect", {"width": width, "height": height})

    def print(self) -> bytes:
        """The page as PDF."""
        return base64.b64decode(call("POST", f"{self.address}/print", {}))

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(call("GET", f"{self.address}/screenshot")))

    def devtools(self, command: str, **parameters: object) -> Any:
        return call("POST", f"{self.address}/goog/cdp/execute", {"cmd": command, "params": parameters})

    def errors(self) -> list[str]:
        """What the page complained about, requests that it could not make included."""
        return [entry["message"] for entry in call("POST", f"{self.address}/se/log", {"type": "browser"})]

    def _element(self, selector: str) -> str:
        found = call("POST", f"{self.address}/element", {"using": "css selector", "value": selector})
        return f"{self.address}/element/{next(iter(found.values()))}"


def call(method: str, address: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())["value"]
    except urllib.error.HTTPError as error:
        raise AssertionError(json.loads(error.read())["value"]["message"]) from None


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser that ends with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    process = subprocess.Popen([str(DRIVER), f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                call("GET", f"{address}/status")
                break
            except OSError:
                time.sleep(0.05)
        flags = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--window-size=1280,1000",
        ]
        wanted = {"goog:chromeOptions": {"binary": BROWSER, "args": flags}, "goog:loggingPrefs": {"browser": "ALL"}}
        session = call("POST", f"{address}/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
        try:
            yield Browser(address, session)
        finally:
            call("DELETE", f"{address}/session/{session}")
    finally:
        process.terminate()
        process.wait()
