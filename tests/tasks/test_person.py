from pathlib import Path

import numpy as np
import pytest

from ltcbench.errors import UserError
from ltcbench.settings import groups
from ltcbench.tasks import person
from tests.tasks.checks import Folder, assert_form, assert_paper, changed, load, shared

NAME = "ConfLongDemo_JSI.txt"
LENGTHS = {"A01": 200, "A02": 120, "A03": 90, "B01": 100, "B02": 80, "B03": 120, "B04": 70}
TAGS = ("010-000-024-033", "010-000-030-096", "020-000-033-111", "020-000-032-221")


def write(folder: Path, change: str = "") -> Folder:
    """Made-up recordings; x numbers all readings. ``change``: the labels or the places of the third recordings."""
    rng = np.random.default_rng(0)
    lines = []
    for recording, length in LENGTHS.items():
        ticks = np.cumsum(rng.integers(1, 5, length)) * 250_000
        third = recording.endswith("3")
        for number in range(length):
            x = len(lines) + (0.5 if third and change == "places" else 0)
            activity = rng.choice(list(person.CLASS))
            activity = "walking" if third and change == "labels" else activity
            lines.append(
                f"{recording},{rng.choice(TAGS)},{633790226050000000 + ticks[number]},27.05.2009 14:03:25:127,"
                f"{x},{rng.normal()},{rng.normal()},{activity}"
            )
    (folder / NAME).write_text("\n".join(lines) + "\n")
    return Folder(folder)


def authors(path: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What the authors' loader makes of the file, line by line."""
    merged = {
        "lying down": 0,
        "lying": 0,
        "sitting down": 1,
        "sitting": 1,
        "standing up from lying": 2,
        "standing up from sitting": 2,
        "standing up from sitting on the ground": 2,
        "walking": 3,
        "falling": 4,
        "on all fours": 5,
        "sitting on the ground": 6,
    }
    recordings, x, y, current = [], [], [], "A01"
    for line in path.read_text().splitlines():
        cells = line.split(",")
        if cells[0] != current:
            recordings.append((np.stack(x), np.array(y)))
            x, y = [], []
        current = cells[0]
        features = np.zeros(7, np.float32)
        features[TAGS.index(cells[1])] = 1
        features[4:] = np.array(cells[4:7], dtype=np.float32)
        x.append(features)
        y.append(merged[cells[7]])

    windows_x, windows_y = [], []
    for x, y in recordings:
        begin = 0
        while begin < len(x) - 32:
            windows_x.append(x[begin : begin + 32])
            windows_y.append(y[begin : begin + 32])
            begin += 16
    x, y = np.stack(windows_x, axis=1), np.stack(windows_y, axis=1)
    total = x.shape[1]
    order = np.random.RandomState(27731).permutation(total)
    valid, test = int(0.1 * total), int(0.1 * total) + int(0.15 * total)
    chosen = {"valid": order[:valid], "test": order[valid:test], "train": order[test:]}
    return {part: (x[:, which], y[:, which]) for part, which in chosen.items()}


@pytest.fixture(scope="session")
def real(mirror: Path) -> Folder:
    return Folder(mirror / "person", **{NAME: mirror / "person" / "ConfLongDemo_JSI_first16486.txt"})


def test_paper_is_the_authors_loader(real: Folder) -> None:
    assert_paper(load(person, real), authors(real[NAME]), sizes=(539, 71, 107))


def test_paper_on_more_recordings(tmp_path: Path) -> None:
    files = write(tmp_path)
    assert_paper(load(person, files), authors(files[NAME]), sizes=(27, 3, 5))


def test_clean_on_the_real_file(real: Folder) -> None:
    data = load(person, real, "clean")
    assert_form(data)
    assert (len(data.train), len(data.valid), len(data.test)) == (363, 354, 309)
    assert 0.02 < np.median(data.train.elapsed) < 0.03
    assert data.train.elapsed.max() < 0.14
    assert data.final_epoch_counts and data.spec.irregular


def test_clean_has_the_promised_recordings(tmp_path: Path) -> None:
    data = load(person, write(tmp_path), "clean")
    recording = np.repeat(list(LENGTHS), list(LENGTHS.values()))
    found = {
        part: {tuple(np.unique(recording[window.astype(int)])) for window in getattr(data, part).x[..., 4]}
        for part in ("train", "valid", "test")
    }
    assert found == {
        "train": {("A01",), ("B01",), ("B04",)},
        "valid": {("A02",), ("B02",)},
        "test": {("A03",), ("B03",)},
    }


def test_clean_shares_no_reading(tmp_path: Path) -> None:
    files = write(tmp_path)
    assert shared(load(person, files, "clean"), column=4) == set()
    assert "train test" in shared(load(person, files), column=4)


def test_clean_learns_nothing_from_the_test_recordings(tmp_path: Path) -> None:
    before = load(person, write(tmp_path), "clean")
    assert changed(before, load(person, write(tmp_path, change="places"), "clean")) == {"test.x"}
    assert changed(before, load(person, write(tmp_path, change="labels"), "clean")) == {"test.y"}


def test_clean_knows_the_time(tmp_path: Path) -> None:
    data = load(person, write(tmp_path), "clean")
    np.testing.assert_array_equal(data.train.elapsed[:, 0], np.float32(person.USUAL_GAP))
    steps = np.unique(data.train.elapsed[:, 1:].round(3))
    np.testing.assert_allclose(steps, [0.025, 0.05, 0.075, 0.1], rtol=1e-6)


@pytest.mark.parametrize("quirk", groups.quirks("person", "paper"))
def test_each_quirk_changes_the_data(tmp_path: Path, quirk: str) -> None:
    files = write(tmp_path)
    assert changed(load(person, files), load(person, files, **{quirk: False}))


BEGIN = "A01,010-000-024-033,633790226051280329,27.05.2009 14:03:25:127"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (f"{BEGIN},4.0,1.8,0.5,flying", "row 3: unknown label 'flying'"),
        (f"{BEGIN.replace('024', '099')},4.0,1.8,0.5,walking", "row 3: unknown label '010-000-099-033'"),
        (f"{BEGIN.replace('A01', 'F01')},4.0,1.8,0.5,walking", "row 3: unknown label 'F01'"),
        (f"{BEGIN},4.0,1.8,walking", "row 3, column z: 'walking' where a number"),
        (f"{BEGIN},4.0,1.8,0.5", "row 3: unknown label ''"),
        (f"{BEGIN},4.0,1.8,0.5,walking,fast", "Expected 8 fields in line 3, saw 9"),
    ],
)
def test_a_broken_row_is_named(tmp_path: Path, line: str, told: str) -> None:
    files = write(tmp_path)
    lines = files[NAME].read_text().splitlines()
    lines[2] = line
    files[NAME].write_text("\n".join(lines))
    with pytest.raises(UserError, match=f"{NAME}.*{told}"):
        load(person, files)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    files = write(tmp_path)
    path = files[NAME]
    content = path.read_text()
    path.write_text(content[: content.rindex(",") - 5])
    with pytest.raises(UserError, match=f"{NAME}, row {sum(LENGTHS.values())}"):
        load(person, files)
    path.write_text("")
    with pytest.raises(UserError, match=f"{NAME} is empty"):
        load(person, files)
