"""From a log to numbers on a device, as its owner does it: commands, files, and no package of ours at the end."""

import csv
import json
import math
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest


def log(path: Path, rows: int, seed: int) -> None:
    """One recording with time stamps at odd distances and missing values."""
    rng = np.random.default_rng(seed)
    now, lines = datetime(2026, 3, 1), ["when;load;heat"]
    for row in range(rows):
        now += timedelta(minutes=int(rng.integers(5, 30)))
        heat = "" if row % 11 == 5 else f"{500 + 20 * math.sin(row / 5):.4f}"
        load = f"{1000 + 50 * rng.normal():.2f}"
        lines.append(f"{now:%d.%m.%Y %H:%M};{load.replace('.', ',')};{heat.replace('.', ',')}")
    path.write_text("\n".join(lines) + "\n")


def test_from_a_log_to_another_program(tmp_path: Path) -> None:
    from onnxruntime import InferenceSession

    log(tmp_path / "old.csv", 300, 0)
    log(tmp_path / "new.csv", 60, 1)
    env = os.environ | {"LTCBENCH_RUNS": str(tmp_path / "runs"), "LTCBENCH_DATASETS": str(tmp_path / "datasets")}

    def ltcbench(*words: str) -> None:
        command = [sys.executable, "-m", "ltcbench", *words]
        done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=200)
        assert done.returncode == 0, done.stderr

    table = ["path=old.csv", "separator=semicolon", 'decimal=","', "time=when", 'time_format="%d.%m.%Y %H:%M"']
    columns = ["values=[load,heat]", "target=heat", "horizon=3"]
    settings = ["task=csv", *(f"task.{word}" for word in (*table, *columns)), "model=gru", "trainer.epochs=20"]
    ltcbench("train", *settings, "tracker=none", "device=cpu")
    (run,) = (path.parent for path in (tmp_path / "runs").glob("csv/gru/*/result.json"))
    ltcbench("predict", str(run), "new.csv", "--out", "said.csv")
    ltcbench("export", str(run), "--to", "onnx", "--out", "net.onnx")

    session = InferenceSession(tmp_path / "net.onnx")
    spec = json.loads(session.get_modelmeta().custom_metadata_map["ltcbench"])["spec"]
    with (tmp_path / "new.csv").open() as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    raw = np.array([[float(row[name].replace(",", ".") or "nan") for name in ("load", "heat")] for row in rows])
    times = [datetime.strptime(row["when"], "%d.%m.%Y %H:%M") for row in rows]
    gaps = np.diff([time.timestamp() for time in times], prepend=times[0].timestamp()) / spec["clock"][1]
    mean, deviation = map(np.array, spec["scaling"])
    observed = ~np.isnan(raw)
    x = np.where(observed, (raw - mean) / deviation, 0)
    given = [x[None].astype(np.float32), gaps[None].astype(np.float32), observed[None]]
    (y,) = session.run(None, dict(zip((one.name for one in session.get_inputs()), given, strict=True)))
    (of_mean,), (of_deviation,) = spec["target_scaling"]
    with (tmp_path / "said.csv").open() as file:
        said = [float(row["heat"]) for row in csv.DictReader(file)]
    assert np.std(said) > 1
    assert y[0, :, 0] * of_deviation + of_mean == pytest.approx(said, rel=1e-5)
