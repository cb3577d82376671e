import gzip
from pathlib import Path

import numpy as np
import pytest

from ltcbench.errors import UserError
from ltcbench.settings import groups
from ltcbench.tasks import smnist
from tests.tasks.checks import Folder, assert_form, changed, load


def write(folder: Path, **sizes: int) -> Folder:
    """Made-up idx files; the first pixels of an image write its number."""
    for part, size in ({"train": 20, "t10k": 5} | sizes).items():
        images = np.zeros((size, 28, 28), np.uint8)
        images[:, 0, :2] = np.arange(size)[:, None] // [1, 256] % 256
        header = np.array([0x803, size, 28, 28], ">u4").tobytes()
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(header + images.tobytes()))
        header = np.array([0x801, size], ">u4").tobytes()
        labels = (np.arange(size) % 10).astype(np.uint8)
        (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(header + labels.tobytes()))
    return Folder(folder)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setattr(smnist, "VALID", 2)
    return write(tmp_path)


def test_paper_is_the_authors_loader(mirror: Path) -> None:
    data = load(smnist, Folder(mirror / "mnist"))
    assert_form(data)
    assert tuple(len(part) for part in (data.train, data.valid, data.test)) == smnist.SPEC.sizes
    assert not data.final_epoch_counts
    digits = {}
    for part, size in (("train", 60_000), ("t10k", 10_000)):
        raw = gzip.decompress((mirror / "mnist" / f"{part}-images-idx3-ubyte.gz").read_bytes())[16:]
        label = gzip.decompress((mirror / "mnist" / f"{part}-labels-idx1-ubyte.gz").read_bytes())[8:]
        digits[part] = (np.array(bytearray(raw)).reshape(size, 28, 28), np.array(bytearray(label)))
    x, y = digits["train"]
    for split, images, labels in (
        (data.train, x[:54_000], y[:54_000]),
        (data.valid, x[54_000:], y[54_000:]),
        (data.test, *digits["t10k"]),
    ):
        np.testing.assert_array_equal(split.x, images.astype(np.float32) / 255.0)
        np.testing.assert_array_equal(split.y, labels)


def test_the_split_is_in_file_order(files: Folder) -> None:
    data = load(smnist, files, "clean")
    numbers = [np.rint(part.x[:, 0, 0] * 255).tolist() for part in (data.train, data.valid, data.test)]
    assert numbers == [list(range(18)), [18, 19], list(range(5))]
    assert data.final_epoch_counts


@pytest.mark.parametrize("quirk", groups.quirks("smnist", "paper"))
def test_each_quirk_changes_the_data(files: Folder, quirk: str) -> None:
    assert changed(load(smnist, files), load(smnist, files, **{quirk: False})) == {"final_epoch_counts"}


def test_a_label_file_of_another_length_is_named(files: Folder) -> None:
    shorter = gzip.compress(np.array([0x801, 4], ">u4").tobytes() + bytes(4))
    files["t10k-labels-idx1-ubyte.gz"].write_bytes(shorter)
    with pytest.raises(UserError, match=r"t10k-labels-idx1-ubyte.gz has 4 rows, expected 5"):
        load(smnist, files)


def test_a_truncated_file_is_named(files: Folder) -> None:
    path = files["train-images-idx3-ubyte.gz"]
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(UserError, match=r"train-images-idx3-ubyte.gz is not a whole .gz file"):
        load(smnist, files)
