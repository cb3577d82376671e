from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ltcbench import tasks
from ltcbench.errors import UserError
from ltcbench.tasks import csv
from ltcbench.tasks.sequences import SequenceData
from tests.tasks.checks import assert_form, changed

HEADER = "who,when,speed,height,state,kind,next"
NAMES = [f"runner {number}" for number in range(20)]


def rows() -> list[list[str]]:
    """20 sequences of 5 to 9 rows; ``height`` numbers all rows."""
    rng = np.random.default_rng(0)
    made: list[list[str]] = []
    for number, name in enumerate(NAMES):
        time = 0.0
        for _ in range(5 + number % 5):
            time += float(rng.integers(1, 4))
            speed = f"{rng.normal():.3f}"
            state, kind = "up" if rng.random() < 0.5 else "down", "AB"[number % 2]
            made.append([name, str(time), speed, str(len(made)), state, kind, f"{len(made) / 10}"])
    return made


def write(path: Path, table: list[list[str]], header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *(",".join(row) for row in table)]) + "\n")
    return path


def load(path: Path, **options: Any) -> SequenceData:
    settings = {"id": "who", "values": ["speed", "height"], "label": "kind", "path": str(path), **options}
    return csv.load({"table": path}, {}, **settings)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "my.csv", rows())


def heights(data: SequenceData) -> list[set[float]]:
    """The numbers of the rows in each part."""
    found = []
    for split in (data.train, data.valid, data.test):
        inside = np.ones(split.x.shape[:2], bool) if split.mask is None else split.mask
        found.append(set(split.x[..., 1][inside].tolist()))
    return found


def test_whole_sequences(path: Path) -> None:
    data = load(path, scaled=False, time="when")
    assert_form(data)
    assert data.spec.labels == ("A", "B") and (data.spec.length, data.spec.features) == (9, 2)
    assert data.spec.sizes == (len(data.train), len(data.valid), len(data.test)) == (14, 2, 4)
    table = rows()
    by_first = {float(row[3]): row for row in table}
    for split in (data.train, data.valid, data.test):
        for x, y, elapsed, mask in zip(split.x, split.y, split.elapsed, split.mask, strict=True):
            name, kind = by_first[x[0, 1]][0], by_first[x[0, 1]][5]
            own = [row for row in table if row[0] == name]
            assert mask.sum() == len(own) and mask[: len(own)].all()
            np.testing.assert_array_equal(x[mask], np.array([row[2:4] for row in own], np.float32))
            times = [float(row[1]) for row in own]
            np.testing.assert_array_equal(elapsed[mask], np.diff(times, prepend=times[0]).astype(np.float32))
            assert "AB"[y] == kind and not x[~mask].any() and not elapsed[~mask].any()


def test_no_sequence_is_in_two_parts(path: Path) -> None:
    train, valid, test = heights(load(path, scaled=False))
    assert not train & valid and not train & test and not valid & test
    assert len(train | valid | test) == len(rows())


def test_the_order_of_the_rows_of_different_sequences_does_not_matter(path: Path, tmp_path: Path) -> None:
    mixed = sorted(rows(), key=lambda row: (float(row[1]), row[0]))
    before, after = heights(load(path, scaled=False)), heights(load(write(tmp_path / "b.csv", mixed), scaled=False))
    assert before == after


def test_scaling_learns_nothing_from_the_test(path: Path, tmp_path: Path) -> None:
    before = load(path)
    steps = before.train.x[before.train.mask]
    np.testing.assert_allclose(steps.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(steps.std(axis=0), 1, atol=1e-6)
    in_test = heights(load(path, scaled=False))[2]
    table = [[*row[:2], "99", *row[3:]] if float(row[3]) in in_test else row for row in rows()]
    assert changed(before, load(write(tmp_path / "b.csv", table))) == {"test.x"}


def test_windows(path: Path) -> None:
    data = load(path, window=4, stride=2, kind="classify_step", label="state", scaled=False)
    assert_form(data)
    assert data.train.elapsed[data.train.mask].all(), "every row is one unit without times"
    train, valid, test = heights(data)
    assert len(train | valid | test) == len(rows()), "the windows reach the end of each sequence"
    state = {float(row[3]): row[4] for row in rows()}
    for x, y, mask in zip(data.train.x, data.train.y, data.train.mask, strict=True):
        assert [data.spec.labels[label] for label in y[mask]] == [state[number] for number in x[mask, 1]]


def test_whole_windows_have_no_mask(path: Path) -> None:
    assert load(path, window=1).train.mask is None


def test_regression(path: Path) -> None:
    data = load(path, kind="regress", label=["next", "height"], scaled=False)
    assert_form(data)
    assert (data.spec.output_size, data.spec.metric, data.classes) == (2, "mse", 0)
    np.testing.assert_allclose(data.test.y[data.test.mask][:, 1], data.test.x[data.test.mask][:, 1])
    np.testing.assert_allclose(data.test.y[data.test.mask][:, 0], data.test.x[data.test.mask][:, 1] / 10, rtol=1e-6)


def test_missing_values_and_labels(tmp_path: Path) -> None:
    table = rows()
    table[0][2], table[1][3], table[2][4], table[7][2] = "", "NA", "?", "nan"
    data = load(write(tmp_path / "my.csv", table), kind="classify_step", label="state", scaled=False)
    assert_form(data, unlabelled=True)
    splits = [data.train, data.valid, data.test]
    assert all(split.mask.shape == split.x.shape for split in splits)
    assert sum(int(split.mask.sum()) for split in splits) == 2 * len(table) - 3
    assert sum(int((split.y == -1).sum()) for split in splits) == 1
    assert not any(split.x[~split.mask].any() for split in splits)


def test_a_row_without_any_input_is_masked(tmp_path: Path) -> None:
    table = rows()
    table[1][2] = table[1][3] = ""
    data = load(write(tmp_path / "my.csv", table), scaled=False)
    masks = [split.mask.any(-1) for split in (data.train, data.valid, data.test)]
    assert sum(int(mask.sum()) for mask in masks) == len(table) - 1


def test_dates_are_seconds(tmp_path: Path) -> None:
    table = [[row[0], f"2026-06-11 09:{float(row[1]):02.0f}:30", *row[2:]] for row in rows()]
    in_minutes = load(write(tmp_path / "a.csv", rows()), time="when")
    in_dates = load(write(tmp_path / "b.csv", table), time="when")
    np.testing.assert_allclose(in_dates.train.elapsed, 60 * in_minutes.train.elapsed)


def test_without_validation_the_last_epoch_counts(path: Path) -> None:
    data = load(path, valid=0)
    assert data.valid is None and data.selection == "last"


def test_through_the_door(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LTCBENCH_DATASETS", str(tmp_path / "datasets"))
    options = {"path": str(path), "id": "who", "values": ["speed"], "label": "kind"}
    first, second = (tasks.load("csv", **options) for _ in range(2))
    assert not changed(first, second) and first.spec == second.spec and first.source == "own"
    assert tasks.checksums("csv", **options) == first.checksums
    write(path, [[*row[:2], "7", *row[3:]] for row in rows()])
    assert (tasks.load("csv", **options).test.x <= 0).all(), "the cache knows that the file is another"
    with pytest.raises(UserError, match="no synthetic data for csv"):
        tasks.load("csv", source="synthetic")
    with pytest.raises(UserError, match=r"task\.path is not set"):
        tasks.load("csv")
    with pytest.raises(UserError, match=r"cannot read .*nowhere.csv"):
        tasks.load("csv", path="nowhere.csv")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"id": "whom"}, "unknown column of .*my.csv 'whom': did you mean who"),
        ({"id": None}, "task.id is not set"),
        ({"values": []}, "task.values is not set"),
        ({"label": None}, "task.label is not set"),
        ({"values": ["speed", "state"]}, "line 2, column state: '.*': expected a number or an empty cell"),
        ({"kind": "classify"}, "unknown task.kind 'classify'"),
        ({"label": "state"}, "line .*, column state: '.*': another class than above"),
        ({"label": ["kind", "state"]}, r"names 2 columns, expected one"),
        ({"label": "who", "kind": "regress"}, "line 2, column who: 'runner 0': expected a number."),
        ({"time": "kind"}, "line 2, column kind: 'A': expected a number or a date"),
        ({"time": "speed"}, "column speed: '.*': before the time above"),
        ({"window": 0}, "task.window=0 is no number of steps"),
        ({"stride": 1.5}, "task.stride=1.5 is no number of steps"),
        ({"test": 1.0}, "task.test=1.0 is not a share"),
        ({"test": 0.0}, "leave a part without any"),
        ({"valid": 0.01}, "leave a part without any"),
        ({"separator": ";"}, "unknown column of"),
        ({"separator": ";;"}, "not a text table"),
    ],
)
def test_impossible_settings(path: Path, options: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=told):
        load(path, **options)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("runner 0,3,1.0,2,up,A", "line 4: 6 cells, expected 7"),
        ("runner 0,3,1.0,2,up,A,0.2,", "line 4: 8 cells, expected 7"),
        ("runner 0,3,fast,2,up,A,0.2", "line 4, column speed: 'fast': expected a number or an empty cell"),
        ("runner 0,3,inf,2,up,A,0.2", "line 4, column speed: 'inf': expected a number"),
        (",3,1.0,2,up,A,0.2", "line 4, column who: '': expected a name"),
        ("runner 0,0,1.0,2,up,A,0.2", "line 4, column when: '0': before the time above"),
        ("runner 0,,1.0,2,up,A,0.2", "line 4, column when: '': expected a number"),
        ("runner 0,3,1.0,2,up,,0.2", "line 4, column kind: '': expected a name"),
        ("runner 0,3,1.0,2,up,B,0.2", "line 4, column kind: 'B': another class than above"),
    ],
)
def test_a_broken_line_is_named(path: Path, line: str, told: str) -> None:
    lines = path.read_text().splitlines()
    lines[3] = line
    path.write_text("\n".join(lines))
    with pytest.raises(UserError, match=f"my.csv, {told}"):
        load(path, time="when")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "has no rows"),
        (HEADER.encode(), "has no rows"),
        (b"a,b,a\n1,2,3\n", "has two columns 'a'"),
        (b"\xff\xfe\x00,\n1,2\n", "not a text table"),
        (HEADER.encode() + b"\na,1,1,1,u,A,1\nb,1,,1,u,A,1\n", "1 different classes, expected at least two"),
    ],
)
def test_other_tables(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "my.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=f"my.csv.* {told}"):
        load(path)


def test_a_column_without_any_number_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "my.csv", [[*row[:2], "", *row[3:]] for row in rows()])
    with pytest.raises(UserError, match="column speed is empty in all training sequences"):
        load(path)
