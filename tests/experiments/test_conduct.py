"""From settings to a result: twice the same bytes, draws that are there are not computed again, damage is tolerated."""

import csv
import io
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ltcbench.errors import UserError
from ltcbench.experiments import conduct, workers
from ltcbench.experiments.asked import asked
from ltcbench.experiments.experiment import Draw, experiment
from ltcbench.experiments.folder import ExperimentFolder, fingerprint, read_result

WORDS = ["draws=3", "width=8", "activations=[tanh]"]
FILES = ("draws.csv", "picture.svg", "result.json", "settings.yaml")


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path))
    return tmp_path


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> list[Draw]:
    """Draws are computed in this process; returns those that were."""
    done: list[Draw] = []

    def computed(name: str, settings: Any, draws: Sequence[Draw], jobs: int) -> Any:
        for draw in draws:
            done.append(draw)
            yield draw, workers._compute(name, settings, draw.key)

    monkeypatch.setattr(conduct, "computed", computed)
    return done


def run(*more: str, name: str = "depth", jobs: int = 1) -> Path:
    protocol, settings = asked(name, [*WORDS, *more])
    return conduct.conduct(name, protocol, settings, jobs)[1].path


def contents(path: Path) -> dict[str, bytes]:
    return {name: (path / name).read_bytes() for name in FILES}


def test_twice_the_same_bytes_however_many_processes(runs: Path) -> None:
    path = run()
    first = contents(path)
    shutil.rmtree(path)
    assert run(jobs=2) == path
    assert contents(path) == first


def test_the_folder_holds_what_was_asked_and_what_came_out(runs: Path, here: list[Draw]) -> None:
    path = run("quirks.tau_sd=1")
    assert path.parent == runs / "experiments" / "depth"
    result = json.loads((path / "result.json").read_text())
    assert result["experiment"] == "depth" and result["protocol"] == "paper"
    assert result["settings"]["draws"] == 3 and result["settings"]["quirks"]["tau_sd"] == 1
    assert {"python", "numpy", "scipy", "ltcbench", "git"} <= set(result["versions"])
    rows = list(csv.DictReader(io.StringIO((path / "draws.csv").read_text())))
    order = [(row["model"], row["seed"]) for row in rows[:4]]
    assert order == [("node", "0"), ("node", "1"), ("node", "2"), ("ctrnn", "0")]
    assert read_result(path / "result.json").values == result["values"]
    before = len(here)
    run("quirks.tau_sd=1")
    assert len(here) == before == 9


def test_what_decides_numbers_decides_the_folder() -> None:
    its = experiment("depth")

    def of(*words: str) -> str:
        return fingerprint("depth", its, asked("depth", words)[1])

    assert of() == of("protocol=paper") == of("seed=0")
    others = ["seed=1", "draws=5", "protocol=clean", "quirks.step_limit=false", "activations=[tanh]"]
    assert len({of(), *map(of, others)}) == 6


def test_draws_that_are_there_are_not_computed_again(here: list[Draw]) -> None:
    path = run()
    first = contents(path)
    lines = (path / "draws.csv").read_text().splitlines(keepends=True)
    (path / "result.json").unlink()
    (path / "draws.csv").write_text("".join(lines[:3]) + lines[3][:-9])
    here.clear()
    run()
    assert here[0].key[1:] == ("node", 2) and len(here) == 7
    assert contents(path) == first


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\xff\xfe\x00",
        b"activation,model\n1,2\n",
        b"activation,model,seed,depth,accepted,failed,least_tau,status\ntanh,node,x,1,1,1,1,finished\n\n,,\n",
        b'activation,model,seed,depth,accepted,failed,least_tau,status\n"tanh,node',
    ],
)
def test_a_damaged_file_of_draws_is_made_anew(here: list[Draw], damage: bytes) -> None:
    path = run()
    first = contents(path)
    (path / "result.json").write_text("{")
    (path / "draws.csv").write_bytes(damage)
    here.clear()
    run()
    assert len(here) == 9
    assert contents(path) == first


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"experiment": "depth"}',
        '{"experiment": "x", "protocol": "paper", "settings": {}, "values": {}}',
    ],
)
def test_what_is_no_result_is_told(runs: Path, text: str) -> None:
    (runs / "result.json").write_text(text)
    with pytest.raises(UserError, match="is not the result of an experiment"):
        read_result(runs / "result.json")


def test_a_draw_of_several_lines_counts_when_all_are_there(runs: Path) -> None:
    _, settings = asked("depth", WORDS)
    folder = ExperimentFolder.of("depth", settings)
    row = dict.fromkeys(experiment("depth").COLUMNS) | {"activation": "tanh", "model": "node", "seed": 0}
    folder.write_draws([row, row], lasting=False)
    key = ("tanh", "node", 0)
    assert set(folder.done([Draw(key, rows=2)])) == {key}
    assert folder.done([Draw(key, rows=3)]) == {} == folder.done([Draw(key)])
