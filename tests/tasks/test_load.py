"""The Python door ``tasks.load``: names, options, and where the data come from."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ltcbench import tasks
from ltcbench.errors import UserError
from ltcbench.tasks.sequences import Spec
from tests.tasks.checks import BENCHMARKS, PARTIAL, PARTS, assert_form, changed

OWN = "who,speed,kind\n" + "".join(f"{who},{speed},{'AB'[who % 2]}\n" for who in range(20) for speed in (0.1 * who, 1))


@pytest.fixture(autouse=True)
def datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of the test's own, no mirror and no network."""

    def nobody(*_: object, **__: object) -> None:
        raise OSError("no network in tests")

    monkeypatch.setenv("LTCBENCH_DATASETS", str(tmp_path / "datasets"))
    monkeypatch.delenv("LTCBENCH_MIRROR", raising=False)
    monkeypatch.setattr("socket.getaddrinfo", nobody)
    return tmp_path / "datasets"


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("hra", {}, "unknown task 'hra': did you mean har"),
        ("har", {"quirk": {}}, "unknown option of task har 'quirk': did you mean quirks"),
        ("har", {"windows": 8}, "unknown option of task har 'windows': expected one of mirror, name, protocol"),
        ("person_irregular", {"timescale": 1}, "unknown option of task person_irregular 'timescale': did you mean ti"),
        ("csv", {"value": ["a"]}, "unknown option of task csv 'value': did you mean values"),
        ("har", {"protocol": "papers"}, "unknown protocol 'papers': did you mean paper"),
        ("har", {"quirks": {"random_split": True}}, "unknown quirk of har 'random_split'"),
        ("ozone", {"source": "subset"}, "unknown source of ozone 'subset': expected one of official"),
        ("xor", {"source": "official"}, "task.source=official does not exist for xor: expected generated or synthetic"),
    ],
)
def test_what_does_not_exist_is_told_with_the_nearest_names(name: str, arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=told):
        tasks.load(name, **arguments)


@pytest.mark.parametrize("source", ["synthetic", None])
def test_unknown_options_are_told_by_every_function_and_for_every_source(source: str | None) -> None:
    for function in (tasks.load, tasks.checksums):
        with pytest.raises(UserError, match="unknown option of task har 'scale'"):
            function("har", source=source, scale=1)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_the_stand_in_has_the_shapes_of_the_task(name: str, datasets: Path) -> None:
    spec: Spec = tasks.TASKS[name].SPEC
    data = tasks.load(name, source="synthetic")
    assert_form(data)
    assert data.spec == spec and data.source == "synthetic" and data.checksums == {}
    assert tuple(len(getattr(data, part) or ()) for part in PARTS) == spec.sizes
    for split in filter(None, (data.train, data.valid, data.test)):
        assert split.x.shape[1:] == (spec.length, spec.features)
        assert (split.mask is not None) == spec.padded
        assert (len(np.unique(split.elapsed)) > 1) == spec.irregular
        if spec.labels:
            assert len(np.unique(split.y)) > 1
    assert not datasets.exists(), "nothing is fetched, nothing cached"


@pytest.mark.parametrize("name", PARTIAL)
def test_partial_data_are_used_by_name_only_and_marked(name: str, mirror: Path) -> None:
    with pytest.raises(UserError, match=f"task.source={PARTIAL[name]}"):
        tasks.load(name, mirror=str(mirror))
    prepared, cached = (tasks.load(name, source=PARTIAL[name], mirror=str(mirror)) for _ in range(2))
    for data in (prepared, cached):
        assert data.source == PARTIAL[name]
        assert data.checksums == tasks.checksums(name, PARTIAL[name])
    assert tasks.at_hand(name, PARTIAL[name]) and not tasks.at_hand(name), "the part does not pass for the whole"
    with pytest.raises(UserError, match=f"task.source={PARTIAL[name]}"):
        tasks.load(name, mirror=str(mirror))


def test_official_generated_and_own_data_are_marked_as_such(mirror: Path, tmp_path: Path) -> None:
    assert tasks.load("occupancy", mirror=str(mirror)).source == "official"
    assert tasks.load("xor").source == tasks.load("xor", source="generated").source == "generated"
    (tmp_path / "my.csv").write_text(OWN)
    own = tasks.load("csv", path=str(tmp_path / "my.csv"), id="who", values=["speed"], label="kind")
    assert own.source == "own"


def test_switches_stand_in_the_data(mirror: Path) -> None:
    data = tasks.load("occupancy", "clean", quirks={"last_epoch_ignored": True}, mirror=str(mirror))
    assert data.quirks == {"validation_from_training_windows": False, "last_epoch_ignored": True}
    assert not data.final_epoch_counts


def test_a_table_is_known_by_what_it_holds_not_by_where_it_lies(datasets: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text(OWN)
    shutil.copy(first, second)
    options: dict[str, Any] = {"id": "who", "values": ["speed"], "label": "kind"}
    entries = datasets / "cache" / "csv"

    before = tasks.load("csv", path=str(first), **options)
    assert not changed(before, tasks.load("csv", path=second, **options)) and len(list(entries.iterdir())) == 1
    tasks.load("csv", path=second, scaled=False, **options)
    assert len(list(entries.iterdir())) == 2
    second.write_text(OWN.replace("1.0", "2.0"))
    assert changed(before, tasks.load("csv", path=second, **options)) and len(list(entries.iterdir())) == 3
