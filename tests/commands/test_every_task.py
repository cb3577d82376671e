"""Every task trains for an epoch with three kinds of models, through the command line's door.

The command line runs in this process and sees 32 sequences of each part: enough for elapsed times, masks, classes
without a label and read-outs of every shape to pass through a model, its loss and its metric.
"""

import functools
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ltcbench import cli, models, tasks
from ltcbench.tasks.sequences import SequenceData, Split
from tests.tasks.checks import BENCHMARKS, PARTIAL

FEW = 32
MODELS = ("cfc", "ltc", "lstm")
OWN = "who,when,speed,height,kind\n" + "".join(
    f"{who},{when},{0.1 * who + when},{'' if when == 3 else who},{'AB'[who % 2]}\n"
    for who in range(20)
    for when in (0, 1, 3, 7)
)

Train = Callable[..., dict[str, Any]]


@pytest.fixture
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Train:
    """Train by the command line and return what ``result.json`` holds."""
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("LTCBENCH_DATASETS", str(tmp_path / "datasets"))
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")  # the command sets it, and ``sys.argv``, for its process
    monkeypatch.setattr("sys.argv", [])

    def run(**settings: Any) -> dict[str, Any]:
        overrides = [f"{key}={value}" for key, value in settings.items()]
        assert cli.run(["train", *overrides, "trainer.epochs=1", "tracker=none", "device=cpu"]) == 0
        (path,) = (tmp_path / "runs").glob("*/*/*/result.json")
        result: dict[str, Any] = json.loads(path.read_text())
        return result

    return run


def assert_trained(result: dict[str, Any], task: str, model: str, source: str) -> None:
    assert (result["status"], result["task"], result["model"]) == ("finished", task, model)
    assert result["source"] == source, "results tell what they come from"
    assert result["epochs"] == result["last"]["epoch"] == 1
    parts = ["train", "test"] + ["valid"] * bool(result["last"]["valid"])
    for part in parts:
        assert result["last"][part] and all(math.isfinite(number) for number in result["last"][part].values()), part
    assert result["metric"] in result["last"]["test"]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("task", BENCHMARKS)
def test_on_a_stand_in(task: str, model: str, train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = tasks.TASKS[task].SPEC
    few = tuple(min(size, FEW) for size in spec.sizes)
    monkeypatch.setattr(tasks.TASKS[task], "SPEC", replace(spec, sizes=few))
    assert_trained(train(task=task, model=model, **{"task.source": "synthetic"}), task, model, "synthetic")


def pairs_of_whole_models() -> list[tuple[str, str]]:
    """Tasks and models that give one answer for a sequence, or with ``model.causal_ok`` one at every step."""
    whole = [name for name, entry in models.MODELS.items() if entry.cell.whole]
    answered = [(task, name) for task in BENCHMARKS for name in whole if not tasks.TASKS[task].SPEC.per_step]
    return answered + [("person_irregular", name) for name in whole if "causal_ok" in models.options_of(name)]


@pytest.mark.parametrize(("task", "model"), pairs_of_whole_models())
def test_a_model_of_whole_sequences_on_a_stand_in(
    task: str, model: str, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = tasks.TASKS[task].SPEC
    monkeypatch.setattr(tasks.TASKS[task], "SPEC", replace(spec, sizes=tuple(min(size, FEW) for size in spec.sizes)))
    settings = {"model.hidden_size": 8, "task.source": "synthetic"}
    settings |= {"model.causal_ok": "true"} if spec.per_step else {}
    settings |= {"model.reference_points": 8} if "reference_points" in models.options_of(model) else {}
    assert_trained(train(task=task, model=model, **settings), task, model, "synthetic")


@pytest.mark.parametrize("model", MODELS)
def test_on_a_table_of_the_users(model: str, train: Train, tmp_path: Path) -> None:
    (tmp_path / "my.csv").write_text(OWN)
    columns = {"id": "who", "time": "when", "values": "[speed,height]", "label": "kind"}
    options = {f"task.{key}": value for key, value in columns.items()}
    result = train(task="csv", model=model, **options, **{"task.path": tmp_path / "my.csv"})
    assert_trained(result, "csv", model, "own")


@pytest.fixture(scope="module")
def real(mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], SequenceData]:
    """The first sequences of each part of the mirror's data, by the name of the task and the protocol."""
    folder = tmp_path_factory.mktemp("datasets")

    @functools.cache
    def load(task: str, protocol: str) -> SequenceData:
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("LTCBENCH_DATASETS", str(folder))
            data = tasks.load(task, protocol, PARTIAL.get(task), mirror=str(mirror))
        parts: dict[str, Any] = {part: _first(getattr(data, part)) for part in ("train", "valid", "test")}
        return replace(data, **parts)

    return load


def _first(split: Split | None) -> Split | None:
    if split is None:
        return None
    arrays = {name: None if array is None else array[:FEW].copy() for name, array in vars(split).items()}
    return Split(**arrays)


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("protocol", ["paper", "clean"])
@pytest.mark.parametrize("task", BENCHMARKS)
def test_on_real_data(
    task: str,
    protocol: str,
    model: str,
    train: Train,
    real: Callable[[str, str], SequenceData],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = real(task, protocol)
    monkeypatch.setattr(tasks, "load", lambda *_, **__: data)
    monkeypatch.setattr(tasks, "checksums", lambda *_, **__: data.checksums)
    by_name = {"task.source": PARTIAL[task]} if task in PARTIAL else {}
    result = train(task=task, model=model, protocol=protocol, **by_name)
    assert_trained(result, task, model, data.source)
    assert (result["protocol"], result["quirks"]) == (protocol, data.quirks)
