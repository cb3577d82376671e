import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ltcbench.errors import UserError
from ltcbench.settings import groups
from ltcbench.tasks import har
from ltcbench.tasks.sequences import SequenceData
from tests.tasks.checks import Folder, assert_form, assert_paper, changed, load, shared

SUBJECTS = {"train": (1, 3, 11, 26, 30), "test": (2, 4)}
ROWS_PER_SUBJECT = 40
BASE = "UCI HAR Dataset"


@pytest.fixture(scope="session")
def real(mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """The recomputed features, unpacked."""
    folder = tmp_path_factory.mktemp("har")
    with zipfile.ZipFile(mirror / "har" / "UCI HAR Dataset (recomputed).zip") as archive:
        archive.extractall(folder)
    return Folder(folder)


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Small made-up files whose first feature numbers all rows."""
    folder = tmp_path_factory.mktemp("har")
    rng = np.random.default_rng(0)
    row = 0
    for part, subjects in SUBJECTS.items():
        (folder / BASE / part).mkdir(parents=True)
        rows = len(subjects) * ROWS_PER_SUBJECT
        x = rng.normal(size=(rows, 561))
        x[:, 0] = np.arange(row, row + rows)
        row += rows
        columns = {"X": x, "y": rng.integers(1, 7, rows), "subject": np.repeat(subjects, ROWS_PER_SUBJECT)}
        for name, column in columns.items():
            np.savetxt(folder / BASE / part / f"{name}_{part}.txt", column, fmt="%.7e" if name == "X" else "%d")
    return Folder(folder)


@pytest.fixture
def files(made_up: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """A copy of the made-up files that a test may change."""
    monkeypatch.setattr(har, "ROWS", {part: len(SUBJECTS[part]) * ROWS_PER_SUBJECT for part in SUBJECTS})
    shutil.copytree(made_up.folder, tmp_path, dirs_exist_ok=True)
    return Folder(tmp_path)


def authors(files: Folder) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What the authors' loader makes of the files, step by step, but for float32 (they cast at the end)."""

    def read(part: str, stride: int) -> tuple[np.ndarray, np.ndarray]:
        x = np.loadtxt(files[f"{BASE}/{part}/X_{part}.txt"]).astype(np.float32)
        y = (np.loadtxt(files[f"{BASE}/{part}/y_{part}.txt"]) - 1).astype(np.int32)
        begins = [begin for begin in range(0, len(x), stride) if begin < len(x) - 16]
        return np.stack([x[b : b + 16] for b in begins], axis=1), np.stack([y[b : b + 16] for b in begins], axis=1)

    x, y = read("train", 1)
    order = np.random.RandomState(893429).permutation(7336)
    return {
        "valid": (x[:, order[:733]], y[:, order[:733]]),
        "train": (x[:, order[733:]], y[:, order[733:]]),
        "test": read("test", 8),
    }


@pytest.mark.slow
def test_paper_is_the_authors_loader(real: Folder) -> None:
    assert_paper(load(har, real), authors(real))


def test_clean_has_the_promised_subjects(real: Folder) -> None:
    data = load(har, real, "clean")
    assert_form(data)
    subject = np.loadtxt(real[f"{BASE}/train/subject_train.txt"])
    runs = {number: int((subject == number).sum()) for number in np.unique(subject)}
    assert len(data.train) == sum(max(length - 16, 0) for number, length in runs.items() if number not in (1, 11, 26))
    assert len(data.valid) == sum(len(range(0, runs[number] - 16, 8)) for number in (1, 11, 26))
    assert data.final_epoch_counts


def subjects_in(data: SequenceData, part: str) -> list[set[int]]:
    """The subjects of the rows of each window of the made-up data."""
    of_row = np.repeat([*SUBJECTS["train"], *SUBJECTS["test"]], ROWS_PER_SUBJECT)
    return [set(of_row[window.astype(int)]) for window in getattr(data, part).x[..., 0]]


def test_clean_shares_no_row_and_no_subject(files: Folder) -> None:
    data = load(har, files, "clean")
    assert shared(data, column=0) == set()
    found = {part: subjects_in(data, part) for part in ("train", "valid", "test")}
    assert all(len(subjects) == 1 for windows in found.values() for subjects in windows)
    assert {part: set().union(*windows) for part, windows in found.items()} == {
        "train": {3, 30},
        "valid": {1, 11, 26},
        "test": {2, 4},
    }
    paper = load(har, files)
    assert shared(paper, column=0) == {"train valid"}
    assert any(len(subjects) == 2 for subjects in subjects_in(paper, "train"))


def test_no_row_is_shared_when_only_the_validation_is_clean(files: Folder) -> None:
    data = load(har, files, validation_from_training_windows=False)
    assert shared(data, column=0) == set()
    assert {11, 26} in subjects_in(data, "valid")


def test_clean_learns_nothing_from_the_test(files: Folder) -> None:
    before = load(har, files, "clean")
    path = files[f"{BASE}/test/y_test.txt"]
    path.write_text("\n".join(reversed(path.read_text().split())))
    assert changed(before, load(har, files, "clean")) == {"test.y"}
    path = files[f"{BASE}/test/X_test.txt"]
    np.savetxt(path, np.loadtxt(path) / 2)
    assert changed(before, load(har, files, "clean")) == {"test.x", "test.y"}


@pytest.mark.parametrize("quirk", groups.quirks("har", "paper"))
def test_each_quirk_changes_the_data(files: Folder, quirk: str) -> None:
    assert changed(load(har, files), load(har, files, **{quirk: False}))


@pytest.mark.parametrize(
    ("name", "line", "told"),
    [
        ("X", "1.0 " * 560, "row 3, column 561: nothing where a number"),
        ("X", "1.0 " * 562, "Expected 561 fields in line 3, saw 562"),
        ("X", "1.0 " * 560 + "x", "row 3, column 561: 'x' where a number"),
        ("X", "", "79 rows, expected 80"),
        ("y", "7", "row 3: unknown label '7', expected one of 1, 2, 3, 4, 5, 6"),
        ("y", "1 2", "row 3: unknown label '1 2'"),
        ("y", "", "79 rows, expected 80"),
        ("subject", "one", "row 3, column subject: 'one' where a number"),
    ],
)
def test_a_broken_row_is_named(files: Folder, name: str, line: str, told: str) -> None:
    path = files[f"{BASE}/test/{name}_test.txt"]
    lines = path.read_text().splitlines()
    lines[2] = line
    path.write_text("\n".join(lines))
    with pytest.raises(UserError, match=f"{name}_test.txt.*{told}"):
        load(har, files)


def test_a_broken_file_is_named(files: Folder) -> None:
    path = files[f"{BASE}/train/X_train.txt"]
    content = path.read_text()
    path.write_text(content[: len(content) // 2])
    with pytest.raises(UserError, match=r"X_train.txt, row 101, column|X_train.txt has 100 rows"):
        load(har, files)
    path.write_text("")
    with pytest.raises(UserError, match=r"X_train.txt is empty"):
        load(har, files)
