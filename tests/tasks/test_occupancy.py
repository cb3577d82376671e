from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ltcbench.errors import UserError
from ltcbench.settings import groups
from ltcbench.tasks import occupancy
from tests.tasks.checks import Folder, assert_form, assert_paper, changed, load, shared

LENGTHS = {"datatraining": 2600, "datatest": 90, "datatest2": 70}
HEADER = '"date","Temperature","Humidity","Light","CO2","HumidityRatio","Occupancy"'


def write(folder: Path, changed_values: str = "", changed_labels: str = "") -> Folder:
    """Made-up recordings whose light numbers all rows; those named can have other values or other labels."""
    rng = np.random.default_rng(0)
    row = 0
    for name, length in LENGTHS.items():
        lines = [HEADER]
        for number in range(1, length + 1):
            row += 1
            temperature, humidity, co2, ratio = rng.normal(size=4).round(4)
            label = rng.integers(2)
            light = -row if name in changed_values.split() else row
            label = 1 - label if name in changed_labels.split() else label
            lines.append(f'"{number}","2015-02-02 14:19:00",{temperature},{humidity},{light},{co2},{ratio},{label}')
        (folder / f"{name}.txt").write_text("\n".join(lines) + "\n")
    return Folder(folder)


def authors(folder: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What the authors' loader makes of the files, step by step."""

    def read(name: str) -> tuple[np.ndarray, np.ndarray]:
        frame = pd.read_csv(folder / name)
        columns = [frame[column].to_numpy() for column in ("Temperature", "Humidity", "Light", "CO2", "HumidityRatio")]
        return np.stack(columns, axis=-1), frame["Occupancy"].to_numpy()

    def cut(x: np.ndarray, y: np.ndarray, stride: int) -> tuple[np.ndarray, np.ndarray]:
        begins = [begin for begin in range(len(x)) if begin % stride == 0 and begin < len(x) - 16]
        return np.stack([x[b : b + 16] for b in begins], axis=1), np.stack([y[b : b + 16] for b in begins], axis=1)

    x, y = read("datatraining.txt")
    mean, deviation = np.mean(x, axis=0), np.std(x, axis=0)
    tests = []
    for name in ("datatest.txt", "datatest2.txt"):
        test_x, test_y = read(name)
        tests.append(cut((test_x - mean) / deviation, test_y, 8))
    assert [windows.shape[1] for windows, _ in tests] == [332, 1217]

    x, y = cut((x - mean) / deviation, y, 1)
    order = np.random.RandomState(893429).permutation(8127)
    return {
        "valid": (x[:, order[:812]], y[:, order[:812]]),
        "train": (x[:, order[812:]], y[:, order[812:]]),
        "test": (np.concatenate([x for x, _ in tests], axis=1), np.concatenate([y for _, y in tests], axis=1)),
    }


def test_paper_is_the_authors_loader(mirror: Path) -> None:
    assert_paper(load(occupancy, Folder(mirror / "occupancy")), authors(mirror / "occupancy"))


def test_clean_holds_out_the_last_two_days(mirror: Path) -> None:
    files = Folder(mirror / "occupancy")
    data = load(occupancy, files, "clean")
    assert_form(data)
    days = pd.read_csv(files["datatraining.txt"])["date"].str[:10]
    assert (days[-occupancy.VALID_ROWS :] >= "2015-02-09").all()
    assert (days[: -occupancy.VALID_ROWS] < "2015-02-09").all()
    assert len(data.train) == 8143 - occupancy.VALID_ROWS - 16
    assert len(data.valid) == 250
    assert {0, 1} == set(data.valid.y.ravel().tolist())
    assert data.final_epoch_counts


def test_clean_shares_no_row(tmp_path: Path) -> None:
    files = write(tmp_path)
    assert shared(load(occupancy, files, "clean"), column=2) == set()
    assert shared(load(occupancy, files), column=2) == {"train valid"}


def test_clean_learns_nothing_from_the_test_recordings(tmp_path: Path) -> None:
    before = load(occupancy, write(tmp_path), "clean")
    after = load(occupancy, write(tmp_path, changed_values="datatest datatest2"), "clean")
    assert changed(before, after) == {"test.x"}
    after = load(occupancy, write(tmp_path, changed_labels="datatest datatest2"), "clean")
    assert changed(before, after) == {"test.y"}


def test_clean_is_scaled_by_the_training_rows(tmp_path: Path) -> None:
    data = load(occupancy, write(tmp_path), "clean")
    rows = np.arange(1, LENGTHS["datatraining"] - occupancy.VALID_ROWS + 1)
    first = (rows[:16] - rows.mean()) / rows.std()
    np.testing.assert_allclose(data.train.x[0, :, 2], first, rtol=1e-6)


@pytest.mark.parametrize("quirk", groups.quirks("occupancy", "paper"))
def test_each_quirk_changes_the_data(tmp_path: Path, quirk: str) -> None:
    files = write(tmp_path)
    assert changed(load(occupancy, files), load(occupancy, files, **{quirk: False}))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('"3","2015-02-04",1,2,3,4,5,2', "row 3: unknown label '2', expected one of 0, 1"),
        ('"3","2015-02-04",1,2,3,4,1', "row 3, column HumidityRatio|row 3: unknown label ''"),
        ('"3","2015-02-04",1,2,3,4,5,6,1', "Expected 8 fields in line 4, saw 9"),
        ('"3","2015-02-04",1,2,bright,4,5,1', "row 3, column Light: 'bright' where a number"),
        ('"3","2015-02-04",1,2,NaN,4,5,1', "row 3, column Light: 'NaN' where a number"),
    ],
)
def test_a_broken_row_is_named(tmp_path: Path, line: str, told: str) -> None:
    files = write(tmp_path)
    lines = files["datatest.txt"].read_text().splitlines()
    lines[3] = line
    files["datatest.txt"].write_text("\n".join(lines))
    with pytest.raises(UserError, match=f"datatest.txt.*({told})"):
        load(occupancy, files)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    files = write(tmp_path)
    path = files["datatest2.txt"]
    content = path.read_text()
    path.write_text(content[:-30])
    with pytest.raises(UserError, match=r"datatest2.txt, row 70"):
        load(occupancy, files)
    for text in ("", HEADER):
        path.write_text(text)
        with pytest.raises(UserError, match=r"datatest2.txt is empty"):
            load(occupancy, files)
