"""A program on a terminal of its own, as its user sees it."""

import os
import pty
import re
import select
import subprocess
import termios
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

CTRL_C = b"\x03"
_LONGEST = 60.0  # seconds that a test waits


class Terminal:
    """Runs a command; what it writes is read as it comes.

    Args:
        command: the command.
        env: its environment.

    Attributes:
        text: all that it has written so far.
    """

    def __init__(self, command: Sequence[str], env: dict[str, str]) -> None:
        self.text = ""
        self.ours, its = pty.openpty()
        termios.tcsetwinsize(its, (24, 120))
        self.process = subprocess.Popen(
            command,
            stdin=its,
            stdout=its,
            stderr=its,
            env=env,
            start_new_session=True,
            preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),  # a session's first terminal is its own
        )
        os.close(its)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.ours)

    def press(self, keys: bytes) -> None:
        """What is typed there; Ctrl-C becomes a signal to every process of the terminal."""
        os.write(self.ours, keys)

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Read until the pattern is in the text."""
        end = time.monotonic() + _LONGEST
        while not (found := re.search(pattern, self.text)):
            assert time.monotonic() < end and self._read(), f"no {pattern} in:\n{self.text}"
        return found

    def end(self) -> int:
        """Read all that is left; the exit status."""
        end = time.monotonic() + _LONGEST
        while self._read():
            assert time.monotonic() < end, self.text
        return self.process.wait(10)

    def _read(self) -> bool:
        """Whether there may be more."""
        if not select.select([self.ours], [], [], 1)[0]:
            return True
        try:
            chunk = os.read(self.ours, 65536)
        except OSError:  # the other side is closed
            return False
        self.text += chunk.decode(errors="replace")
        return bool(chunk)
