from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ltcbench.errors import UserError
from ltcbench.settings import groups
from ltcbench.tasks import gesture
from tests.tasks.checks import Folder, assert_form, assert_paper, changed, load, shared

LENGTHS = {"a1": 96, "a2": 100, "a3": 129, "b1": 81, "b3": 150, "c1": 64, "c3": 90}


def write(folder: Path, changed_values: str = "", changed_labels: str = "") -> Folder:
    """Made-up recordings whose first column numbers all rows; some can have other values or other labels."""
    rng = np.random.default_rng(0)
    row = 0
    for name, length in LENGTHS.items():
        values = rng.normal(size=(length, 32)) * (5 if name in changed_values.split() else 1)
        values[:, 0] = np.arange(row, row + length) * (-1 if name in changed_values.split() else 1)
        row += length
        labels = rng.choice(list("DPSHR"), length)
        if name in changed_labels.split():
            labels = np.roll(labels, 1)
        frame = pd.DataFrame(values, columns=range(1, 33)).assign(Phase=labels)
        frame.to_csv(folder / f"{name}_va3.csv", index=False, float_format="%.8f")
    return Folder(folder)


def authors(folder: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What the authors' loader makes of the files, step by step."""
    windows_x, windows_y = [], []
    for name in ["a3", "b1", "b3", "c1", "c3", "a2", "a1"]:
        frame = pd.read_csv(folder / f"{name}_va3.csv")
        x = frame.to_numpy(dtype=object)[:, :-1].astype(np.float32)
        y = np.array(["DPSHR".index(phase) for phase in frame["Phase"]])
        whole = len(x) // 32
        for number in range(whole):
            begins = [32 * number, 32 * number + 16] if number < whole - 1 else [32 * number]
            for begin in begins:
                windows_x.append(x[begin : begin + 32])
                windows_y.append(y[begin : begin + 32])
    x, y = np.stack(windows_x, axis=1), np.stack(windows_y, axis=1)
    steps = x.reshape(-1, 32)
    x = (x - np.mean(steps, axis=0)) / np.std(steps, axis=0)

    order = np.random.RandomState(23489).permutation(605)
    return {
        "valid": (x[:, order[:60]], y[:, order[:60]]),
        "test": (x[:, order[60:150]], y[:, order[60:150]]),
        "train": (x[:, order[150:]], y[:, order[150:]]),
    }


def test_paper_is_the_authors_loader(mirror: Path) -> None:
    assert_paper(load(gesture, Folder(mirror / "gesture")), authors(mirror / "gesture"))


def test_clean_has_the_promised_recordings(mirror: Path) -> None:
    data = load(gesture, Folder(mirror / "gesture"), "clean")
    assert_form(data)
    windows = {"a1": 107, "a2": 77, "a3": 113, "b1": 65, "b3": 87, "c1": 67, "c3": 89}
    assert len(data.valid) == windows["b1"]
    assert len(data.test) == windows["a2"] + windows["c1"]
    assert len(data.train) == windows["a1"] + windows["a3"] + windows["b3"] + windows["c3"]
    assert data.final_epoch_counts


def test_clean_shares_no_row(tmp_path: Path) -> None:
    files = write(tmp_path)
    assert shared(load(gesture, files, "clean"), column=0) == set()
    assert "train test" in shared(load(gesture, files), column=0)


def test_clean_learns_nothing_from_the_test_recordings(tmp_path: Path) -> None:
    before = load(gesture, write(tmp_path), "clean")
    after = load(gesture, write(tmp_path, changed_values="a2 c1"), "clean")
    assert changed(before, after) == {"test.x"}
    after = load(gesture, write(tmp_path, changed_labels="a2 c1"), "clean")
    assert changed(before, after) == {"test.y"}


def test_clean_is_scaled_by_the_training_rows(tmp_path: Path) -> None:
    data = load(gesture, write(tmp_path), "clean")
    rows = np.unique(data.train.x.reshape(-1, 32), axis=0)
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(rows.std(axis=0), 1, atol=1e-6)


@pytest.mark.parametrize("quirk", groups.quirks("gesture", "paper"))
def test_each_quirk_changes_the_data(tmp_path: Path, quirk: str) -> None:
    files = write(tmp_path)
    assert changed(load(gesture, files), load(gesture, files, **{quirk: False}))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("0.5," * 32 + "X", "row 3: unknown label 'X'"),
        ("0.5," * 31 + "D", "row 3, column 32: 'D' where a number"),
        ("0.5," * 33 + "D", "Expected 33 fields in line 4, saw 34"),
        ("0.5," * 31 + "x,D", "row 3, column 32: 'x' where a number"),
        ("0.5," * 31 + ",D", "row 3, column 32: nothing where a number"),
        ("0.5," * 31 + "inf,D", "row 3, column 32: 'inf' where a number"),
    ],
)
def test_a_broken_row_is_named(tmp_path: Path, line: str, told: str) -> None:
    files = write(tmp_path)
    lines = files["b1_va3.csv"].read_text().splitlines()
    lines[3] = line
    files["b1_va3.csv"].write_text("\n".join(lines))
    with pytest.raises(UserError, match=r"b1_va3.csv") as error:
        load(gesture, files)
    assert told in str(error.value)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    files = write(tmp_path)
    path = files["c3_va3.csv"]
    content = path.read_text()
    path.write_text(content[: len(content) // 2])
    with pytest.raises(UserError, match=r"c3_va3.csv, row 4"):
        load(gesture, files)
    for text in ("", content.split("\n", 1)[0]):
        path.write_text(text)
        with pytest.raises(UserError, match=r"c3_va3.csv is empty"):
            load(gesture, files)
    path.unlink()
    with pytest.raises(UserError, match=r"cannot read .*c3_va3.csv"):
        load(gesture, files)
