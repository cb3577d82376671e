from pathlib import Path

import numpy as np
import pytest

from ltcbench.errors import UserError
from ltcbench.settings import groups
from ltcbench.tasks import ozone
from tests.tasks.checks import Folder, assert_form, assert_paper, changed, load, shared

NAME = "eighthr.data"
DAYS = 1000
TEST_BEGIN = 850


def made_up() -> tuple[np.ndarray, np.ndarray]:
    """Features, the first of which numbers the days and some of which are missing, and labels."""
    rng = np.random.default_rng(0)
    x = rng.normal(3, 2, size=(DAYS, 72)).round(2)
    x[rng.random(x.shape) < 0.05] = np.nan
    x[:, 0] = np.arange(DAYS)
    return x, rng.integers(0, 2, DAYS)


def write(folder: Path, x: np.ndarray, y: np.ndarray) -> Folder:
    """Days from 1 January 1998 on; five are missing before the hundredth."""
    day = np.datetime64("1998-01-01") + np.arange(DAYS) + 5 * (np.arange(DAYS) >= 100)
    dates = [f"{date.month}/{date.day}/{date.year}" for date in day.tolist()]
    rows = [
        ",".join([date, *("?" if np.isnan(value) else str(value) for value in values), f"{label}."])
        for date, values, label in zip(dates, x, y, strict=True)
    ]
    (folder / NAME).write_text("\n".join(rows) + "\n")
    return Folder(folder)


def authors(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """All windows (32, N, ...) as the authors cut them, line by line."""
    rows, labels = [], []
    for line in path.read_text().splitlines():
        cells = line.split(",")
        assert len(cells) == 74
        rows.append(np.array([0.0 if cell == "?" else float(cell) for cell in cells[1:73]]))
        labels.append(int(float(cells[73])))
    x, y = np.stack(rows), np.array(labels)
    x -= np.mean(x)
    x /= np.std(x)
    begins = range(0, len(x) - 32, 4)
    return (np.stack([values[begin : begin + 32] for begin in begins], axis=1) for values in (x, y))


def test_paper_is_the_authors_loader(mirror: Path) -> None:
    files = Folder(mirror / "ozone")
    # Stacked once more on the second axis, the 32 steps take the place of the windows.
    x, y = (np.stack(list(windows), axis=1) for windows in authors(files[NAME]))
    assert x.shape == (626, 32, 72)
    order = np.random.RandomState(23489).permutation(32)
    assert order[:7].tolist() == [7, 12, 9, 22, 23, 8, 21]
    chosen = {"valid": order[:3], "test": order[3:7], "train": order[7:]}
    data = load(ozone, files)
    assert_paper(data, {part: (x[:, which], y[:, which]) for part, which in chosen.items()})
    assert data.class_weights == (0.1, 1.6) and not data.weights_normalised


def test_windows_the_right_way_round(mirror: Path) -> None:
    files = Folder(mirror / "ozone")
    x, y = authors(files[NAME])
    order = np.random.RandomState(23489).permutation(626)
    chosen = {"valid": order[:62], "test": order[62:155], "train": order[155:]}
    oracle = {part: (x[:, which], y[:, which]) for part, which in chosen.items()}
    assert_paper(load(ozone, files, transposed_windows=False), oracle, sizes=(471, 62, 93))


def test_clean_on_the_real_file(mirror: Path) -> None:
    data = load(ozone, Folder(mirror / "ozone"), "clean")
    assert_form(data)
    assert (len(data.train), len(data.valid), len(data.test)) == (467, 56, 87)
    assert {0, 1} == set(data.valid.y.ravel().tolist()) == set(data.test.y.ravel().tolist())
    assert set(np.unique(data.train.elapsed)) == {1, 2, 3, 6}
    assert data.class_weights == (0.1, 1.6) and data.final_epoch_counts and data.spec.irregular


def test_clean_shares_no_day(tmp_path: Path) -> None:
    files = write(tmp_path, *made_up())
    assert shared(load(ozone, files, "clean"), column=0) == set()
    assert shared(load(ozone, files, "clean", transposed_windows=True), column=0) == set()
    assert shared(load(ozone, files), column=0) == {"train valid", "train test", "valid test"}


def test_clean_learns_nothing_from_the_test_days(tmp_path: Path) -> None:
    x, y = made_up()
    before = load(ozone, write(tmp_path, x, y), "clean")
    y[TEST_BEGIN:] = y[TEST_BEGIN:][::-1]
    assert changed(before, load(ozone, write(tmp_path, x, y), "clean")) == {"test.y"}
    x[TEST_BEGIN:] *= 2
    assert changed(before, load(ozone, write(tmp_path, x, y), "clean")) == {"test.x", "test.y"}


def test_clean_is_scaled_by_what_is_known_of_the_training_days(tmp_path: Path) -> None:
    x, y = made_up()
    data = load(ozone, write(tmp_path, x, y), "clean")
    days = np.rint((data.train.x[..., 0] - data.train.x[0, 0, 0]) / np.diff(data.train.x[0, :2, 0])).astype(int)
    seen = x[np.unique(days)]
    scaled = (x[days] - np.nanmean(seen, axis=0)) / np.nanstd(seen, axis=0)
    np.testing.assert_allclose(data.train.x, np.where(np.isnan(scaled), 0, scaled), atol=1e-5)


def test_clean_knows_the_missing_days(tmp_path: Path) -> None:
    data = load(ozone, write(tmp_path, *made_up()), "clean")
    assert set(np.unique(data.train.elapsed)) == {1, 6}
    assert np.argwhere(data.train.elapsed[18] == 6).ravel().tolist() == [28]  # day 72 + 28


@pytest.mark.parametrize("quirk", groups.quirks("ozone", "paper"))
def test_each_quirk_changes_the_data(tmp_path: Path, quirk: str) -> None:
    files = write(tmp_path, *made_up())
    assert changed(load(ozone, files), load(ozone, files, **{quirk: False}))


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("1/3/1998," + "1.0," * 72 + "2.", r"row 3: unknown label '2\.', expected one of 0\., 1\."),
        ("1/3/1998," + "1.0," * 71 + "1.", "row 3: unknown label ''"),
        ("1/3/1998," + "1.0," * 20 + "0.", "row 3, column 22: nothing where a number"),
        ("1/3/1998," + "1.0," * 73 + "1.", "Expected 74 fields in line 3, saw 75"),
        ("1/3/1998," + "1.0," * 71 + "x,1.", "row 3, column 72: 'x' where a number"),
        ("3 Jan 1998," + "1.0," * 72 + "1.", "row 3: '3 Jan 1998' is not a time written"),
    ],
)
def test_a_broken_row_is_named(tmp_path: Path, row: str, told: str) -> None:
    files = write(tmp_path, *made_up())
    lines = files[NAME].read_text().splitlines()
    lines[2] = row
    files[NAME].write_text("\n".join(lines))
    with pytest.raises(UserError, match=f"{NAME}.*{told}"):
        load(ozone, files)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    files = write(tmp_path, *made_up())
    path = files[NAME]
    content = path.read_text()
    for left in (2, 4, 30):
        path.write_text(content[:-left])
        with pytest.raises(UserError, match=f"{NAME}, row 1000"):
            load(ozone, files)
    path.write_text("")
    with pytest.raises(UserError, match=f"{NAME} is empty"):
        load(ozone, files)
