import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from ltcbench import cli


def test_without_runs_there_is_nothing_to_show(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path))
    assert cli.run(["ui"]) == 2
    assert "train something first" in capsys.readouterr().err


@pytest.mark.slow
def test_the_pages_open(tmp_path: Path) -> None:
    places = {**os.environ, "LTCBENCH_RUNS": str(tmp_path), "LTCBENCH_DATASETS": str(tmp_path)}
    small = ["model=lstm", "model.hidden_size=2", "task=cheetah", "task.source=synthetic", "trainer.epochs=1"]
    subprocess.run([sys.executable, "-m", "ltcbench", "train", *small], env=places, check=True, timeout=240)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "ltcbench", "ui", "--port", str(port)],
        env=places, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        assert "MLflow" in page(f"http://127.0.0.1:{port}/")
    finally:
        os.killpg(server.pid, 9)
        server.wait()


def page(url: str) -> str:
    end = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            assert time.monotonic() < end, "the server does not answer"
            time.sleep(0.5)


@pytest.mark.parametrize("port", ["0", "65536", "-1"])
def test_a_port_that_cannot_be_is_told(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["ui", "--port", port]) == 2
    assert f"--port={port} is out of range: expected a number from 1 to 65535" in capsys.readouterr().err
