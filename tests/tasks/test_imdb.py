import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ltcbench.errors import UserError
from ltcbench.settings import groups
from ltcbench.tasks import imdb
from ltcbench.tasks.sequences import SequenceData
from tests.tasks.checks import assert_form, changed, load

SIZE = 120


def objects(values: list[Any]) -> np.ndarray:
    array = np.empty(len(values), object)
    array[:] = values
    return array


def reviews(seed: int) -> list[list[int]]:
    rng = np.random.default_rng(seed)
    return [rng.integers(1, 25_000, rng.integers(5, 300)).tolist() for _ in range(SIZE)]


def write(folder: Path, **other: Any) -> dict[str, Path]:
    """Made-up reviews, five of the test also in the training set; arrays can be given by hand."""
    train, test = reviews(0), reviews(1)
    test[:5] = train[10:15]
    labels = np.arange(SIZE) % 2
    arrays = {"x_train": objects(train), "y_train": labels, "x_test": objects(test), "y_test": labels[::-1]}
    np.savez(folder / "imdb.npz", **{**arrays, **other})
    return {"imdb.npz": folder / "imdb.npz"}


def authors(path: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What Keras' loader and padding make of the file, word by word."""
    made = {}
    rng = np.random.RandomState(113)
    with np.load(path, allow_pickle=True) as archive:  # the test's own file, or the mirror's
        for part in ("train", "test"):
            x, y = archive[f"x_{part}"], archive[f"y_{part}"]
            order = np.arange(len(x))
            rng.shuffle(order)
            rows = np.zeros((len(x), 200), np.int32)
            for row, number in zip(rows, order, strict=True):
                words = [1, *[rank + 3 for rank in x[number]]][-200:]
                row[200 - len(words) :] = [word if word < 20_000 else 2 for word in words]
            made[part] = rows, y[order]
    return made


def assert_paper(data: SequenceData, path: Path) -> None:
    assert_form(data)
    for part, (x, y) in authors(path).items():
        split = getattr(data, part)
        np.testing.assert_array_equal(split.x[..., 0], x)
        np.testing.assert_array_equal(split.y, y)
        assert (split.elapsed == 1).all() and split.mask is None
    assert data.valid is None and data.selection == "last" and data.spec.output_size == 10


def test_paper_is_the_authors_loader(mirror: Path) -> None:
    path = mirror / "imdb" / "imdb.npz"
    data = load(imdb, {"imdb.npz": path})
    assert_paper(data, path)
    assert (len(data.train), 0, len(data.test)) == data.spec.sizes


def test_clean_counts(mirror: Path) -> None:
    data = load(imdb, {"imdb.npz": mirror / "imdb" / "imdb.npz"}, "clean")
    assert_form(data)
    assert len(data.train) + len(data.valid) == 25_000 - 123


def test_paper_is_the_authors_loader_on_a_small_set(tmp_path: Path) -> None:
    files = write(tmp_path)
    assert_paper(load(imdb, files), files["imdb.npz"])


def test_clean_shares_no_review(tmp_path: Path) -> None:
    data = load(imdb, write(tmp_path), "clean")
    assert_form(data)
    train, valid, test = ({row.tobytes() for row in split.x} for split in (data.train, data.valid, data.test))
    assert not train & valid and not train & test and not valid & test
    assert (len(train), len(valid), len(test)) == (104, 11, 120)


def test_clean_masks_the_padding(tmp_path: Path) -> None:
    data = load(imdb, write(tmp_path), "clean")
    np.testing.assert_array_equal(data.train.mask, data.train.x[..., 0] > 0)
    assert data.train.mask[:, -1].all() and not data.train.mask.all()
    assert data.spec.output_size == 2


def test_clean_learns_nothing_from_the_labels_of_the_test(tmp_path: Path) -> None:
    before = load(imdb, write(tmp_path), "clean")
    assert changed(before, load(imdb, write(tmp_path, y_test=np.zeros(SIZE, int)), "clean")) == {"test.y"}


def test_equal_reviews_are_never_in_train_and_valid(tmp_path: Path) -> None:
    data = load(imdb, write(tmp_path, x_train=objects([[number // 10] for number in range(SIZE)])), "clean")
    train, valid = ({row.tobytes() for row in split.x} for split in (data.train, data.valid))
    assert len(data.valid) == 10 and len(valid) == 1 and not train & valid


@pytest.mark.parametrize("quirk", groups.quirks("imdb", "paper"))
def test_each_quirk_changes_the_data(tmp_path: Path, quirk: str) -> None:
    files = write(tmp_path)
    switched = not groups.quirks("imdb", "paper")[quirk]
    assert changed(load(imdb, files), load(imdb, files, **{quirk: switched}))


class Intruder:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def test_pickled_code_is_not_run(tmp_path: Path) -> None:
    victim = tmp_path / "made by the pickle"
    files = write(tmp_path, x_test=objects([*reviews(1)[:-1], Intruder(victim)]))
    with pytest.raises(UserError, match=r"imdb.npz, test: it asks for posix.mkdir; expected lists of word numbers"):
        load(imdb, files)
    assert not victim.exists()


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([1.5, 2], r"a review holds something else than word numbers \(\[1.5, 2\]\)"),
        (["a"], r"something else than word numbers \(\['a'\]\)"),
        ([[1], [2]], "something else than word numbers"),
        ([[1], [2, 3]], "inhomogeneous"),
        ([1, -7], "something else than word numbers"),
        ([2**70], "something else than word numbers"),
        ((1, 2), "a review is a tuple"),
        ("text", "a review is a str"),
        (np.arange(3), "a review is a _Array"),
        (1 + 2j, "a review is a complex|it asks for builtins.complex"),
    ],
)
def test_a_review_that_is_no_list_of_numbers(tmp_path: Path, value: Any, told: str) -> None:
    files = write(tmp_path, x_train=objects([*reviews(0)[:-1], value]))
    with pytest.raises(UserError, match=f"imdb.npz, train: .*({told})"):
        load(imdb, files)


@pytest.mark.parametrize(
    ("name", "array", "told"),
    [
        ("x_train", np.zeros((SIZE, 3), int), "train: the reviews are stored as int64"),
        ("y_train", objects([[1]] * SIZE), "train: Object arrays cannot be loaded"),
        ("y_train", np.zeros(5, int), " has 5 rows, expected 120"),
        ("y_test", np.full(SIZE, 2), " row 1: unknown label '2', expected one of 0, 1"),
    ],
)
def test_other_arrays(tmp_path: Path, name: str, array: np.ndarray, told: str) -> None:
    with pytest.raises(UserError, match=f"imdb.npz,?{told}|imdb.npz, {told}"):
        load(imdb, write(tmp_path, **{name: array}))


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    files = write(tmp_path)
    path = files["imdb.npz"]
    whole = path.read_bytes()
    for content in (b"", whole[: len(whole) // 2], b"not a zip"):
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"imdb\.npz, train: .*zip"):
            load(imdb, files)
    path.write_bytes(whole.replace(b"x_train", b"x_troin"))
    with pytest.raises(UserError, match=r"imdb\.npz, train: .*x_train\.npy"):
        load(imdb, files)
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("x_train", "y_train"):
            archive.writestr(f"{name}.npy", b"")
    with pytest.raises(UserError, match=r"imdb\.npz, train: "):
        load(imdb, files)
    path.unlink()
    with pytest.raises(UserError, match=r"cannot read .*imdb.npz"):
        load(imdb, files)
