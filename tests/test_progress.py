"""How far work is: on a terminal, in lines, and in words."""

import logging
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Any

import pytest

from ltcbench import progress
from ltcbench.progress import TrainingProgress, duration


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (29.4, "29 s"), (31, "1 min"), (3540, "59 min"), (3600, "1 h 00 min"), (7500, "2 h 05 min")],
)
def test_durations(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def shown(monkeypatch: pytest.MonkeyPatch, dones: list[float], each: float, epochs: int = 100) -> None:
    """Progress of updates ``each`` seconds apart."""
    now = iter(range(10**6))
    monkeypatch.setattr(progress, "time", type("Clock", (), {"monotonic": staticmethod(lambda: next(now) * each)}))
    bar: Any = TrainingProgress("walker/ltc", epochs)
    for done in dones:
        bar.step(done)
    bar.close()


def test_a_long_training_is_told_of_once(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "ltcbench"):
        shown(monkeypatch, [step / 100 for step in range(1, 30)], each=6.0)  # 600 s an epoch
    assert [record.getMessage() for record in caplog.records if "to go" in record.getMessage()] == [
        "walker/ltc: 10 min an epoch, so 16 h 40 min to go; Ctrl-C stops it, and the same command goes on after the "
        "last whole epoch."
    ]


@pytest.mark.parametrize(
    ("dones", "each"),
    [
        ([step / 100 for step in range(1, 30)], 0.3),  # 50 min in all
        ([99 + step / 100 for step in range(1, 30)], 6.0),  # gone on with: one epoch is left
    ],
)
def test_a_short_rest_is_not(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, dones: list[float], each: float
) -> None:
    shown(monkeypatch, dones, each)
    assert "to go" not in caplog.text


def on_a_terminal(command: list[str], env: dict[str, str]) -> str:
    """All that a command writes onto a terminal."""
    ours, its = pty.openpty()
    termios.tcsetwinsize(its, (24, 120))
    process = subprocess.Popen(command, stdout=its, stderr=its, stdin=its, env=env)
    os.close(its)
    text, end = b"", time.monotonic() + 120
    while time.monotonic() < end:
        if select.select([ours], [], [], 1)[0]:
            try:
                chunk = os.read(ours, 65536)
            except OSError:  # the other side is closed
                break
            if not chunk:
                break
            text += chunk
    os.close(ours)
    assert process.wait(10) == 0, text.decode(errors="replace")
    return text.decode()


def test_the_bar_counts_epochs(tmp_path: Path) -> None:
    table = tmp_path / "walk.csv"
    table.write_text("a,b\n" + "".join(f"{row % 7},{row % 5}\n" for row in range(400)))
    command = [sys.executable, "-m", "ltcbench", "train", "task=csv", f"task.path={table}", "task.values=[a]"]
    settings = ["task.target=b", "model=rnn", "trainer.epochs=20", "trainer.batch_size=2", "tracker=none", "device=cpu"]
    env = {**os.environ, "LTCBENCH_RUNS": str(tmp_path), "TQDM_MININTERVAL": "0"}  # every step shown, however fast it is
    text = on_a_terminal([*command, *settings], env)
    counts = [(float(done), int(total)) for done, total in re.findall(r"([\d.]+)/(\d+) \[", text)]
    assert counts and all(done <= total == 20 for done, total in counts)
    assert any(done % 1 > 0 for done, _ in counts), "the bar moves within an epoch too"
    assert re.search(r"\[\d\d:\d\d<\d\d:\d\d", text), "time left"
