import gzip
from pathlib import Path

import numpy as np
import pytest

from ltcbench.errors import UserError
from ltcbench.tasks import idx


def idx3(images: np.ndarray) -> bytes:
    return np.array([0x803, *images.shape], ">u4").tobytes() + images.tobytes()


def idx1(labels: list[int]) -> bytes:
    return np.array([0x801, len(labels)], ">u4").tobytes() + bytes(labels)


IMAGES = np.random.default_rng(0).integers(0, 256, (3, 28, 28), np.uint8)


@pytest.mark.parametrize("pack", [gzip.compress, bytes], ids=["gz", "plain"])
def test_reads_what_was_written(tmp_path: Path, pack: type[bytes]) -> None:
    images, labels = tmp_path / "a", tmp_path / "b"
    images.write_bytes(pack(idx3(IMAGES)))
    labels.write_bytes(pack(idx1([7, 0, 9])))
    np.testing.assert_array_equal(idx.images(images), IMAGES)
    assert idx.labels(labels).tolist() == [7, 0, 9]
    x, y = idx.read({"train-images-idx3-ubyte.gz": images, "train-labels-idx1-ubyte.gz": labels}, "train")
    assert (x.shape, y.dtype) == ((3, 28, 28), np.int64)


def test_the_official_files(mirror: Path) -> None:
    files = {path.name: path for path in (mirror / "mnist").iterdir()}
    x, y = idx.read(files, "t10k")
    assert x.shape == (10_000, 28, 28)
    assert y[:5].tolist() == [7, 2, 1, 0, 4]
    assert np.bincount(y).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]  # as published


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "does not begin like an idx file of 3 dimensions"),
        (idx3(IMAGES)[:100], "holds 84 bytes of data, its header says 2352"),
        (gzip.compress(idx3(IMAGES), mtime=0)[:-20], "not a whole .gz file"),
        (idx1([1, 2, 3]), "does not begin like an idx file of 3 dimensions"),
        (idx3(IMAGES[:, :20]), r"images of \(20, 28\) pixels"),
    ],
)
def test_broken_images(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "broken"
    path.write_bytes(content)
    with pytest.raises(UserError, match=f"broken.*{told}"):
        idx.images(path)


def test_broken_labels(tmp_path: Path) -> None:
    path = tmp_path / "broken"
    path.write_bytes(idx1([1, 2, 10]))
    with pytest.raises(UserError, match="broken, row 3: label 10"):
        idx.labels(path)
    path.unlink()
    with pytest.raises(UserError, match=r"cannot read .*broken"):
        idx.labels(path)


def test_as_many_labels_as_images(tmp_path: Path) -> None:
    images, labels = tmp_path / "a", tmp_path / "b"
    images.write_bytes(idx3(IMAGES))
    labels.write_bytes(idx1([1, 2]))
    with pytest.raises(UserError, match="2 rows, expected 3"):
        idx.read({"t10k-images-idx3-ubyte.gz": images, "t10k-labels-idx1-ubyte.gz": labels}, "t10k")
