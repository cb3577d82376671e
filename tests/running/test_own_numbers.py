"""Numbers to predict in a table of the user's own, with the settings nobody touched."""

from pathlib import Path

import numpy as np
import pytest

from ltcbench.running.run import run_job
from ltcbench.settings import composition


@pytest.mark.parametrize("number", range(10))
def test_a_lagged_sum_at_any_offset_and_scale_is_learnt(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(number)
    z = rng.normal(size=(1000, 3))
    x = z * 10.0 ** rng.integers(-3, 4, 3) + 10.0 ** rng.integers(0, 5) * rng.normal(size=3)
    y = sum(np.roll(z[:, column], rng.integers(0, 5)) for column in range(3))
    y = y * 10.0 ** rng.integers(-3, 4) + 10.0 ** rng.integers(0, 6) * rng.normal()
    table = tmp_path / "t.csv"
    np.savetxt(table, np.column_stack([x, y]), delimiter=",", header="a,b,c,y", comments="")
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("LTCBENCH_DATASETS", str(tmp_path / "datasets"))
    settings = ["task=csv", f"task.path={table}", "task.values=[a,b,c]", "task.target=y", "tracker=none", "seed=0"]
    result = run_job(composition.composed(settings))
    assert result["test_metric"] < 0.5 * result["baselines"]["constant"]
