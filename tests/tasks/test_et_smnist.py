from pathlib import Path

import numpy as np
import pytest

from ltcbench.tasks import et_smnist, idx
from ltcbench.tasks.sequences import SequenceData
from tests.tasks.checks import Folder, assert_form, changed, load
from tests.tasks.test_idx import idx1, idx3


def authors(image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Events, elapsed times and mask of one image, pixel by pixel."""
    x, elapsed, mask = np.zeros((256, 1), np.float32), np.zeros(256, np.float32), np.zeros(256, bool)
    written = waited = 0
    before = -1
    for pixel in image.ravel().tolist():
        waited += 1
        bright = int(pixel > 128)
        if bright != before:
            x[written], elapsed[written], mask[written] = bright, waited, True
            written += 1
            if written == 256:
                break
            waited = 0
        before = bright
    return x, elapsed / np.float32(256), mask


@pytest.fixture(scope="module")
def data(mirror: Path) -> SequenceData:
    return load(et_smnist, Folder(mirror / "mnist"))


@pytest.fixture
def made_up(tmp_path: Path) -> Folder:
    """5 + 3 images of noise, which have more than 256 events, and a black one; 6000 behind them for validation."""
    rng = np.random.default_rng(0)
    for part, size in (("train", 6005), ("t10k", 3)):
        images = np.zeros((size, 28, 28), np.uint8)
        images[1:5] = rng.integers(0, 256, images[1:5].shape)
        images[:, 0, 0] = np.arange(size) % 256
        (tmp_path / f"{part}-images-idx3-ubyte.gz").write_bytes(idx3(images))
        (tmp_path / f"{part}-labels-idx1-ubyte.gz").write_bytes(idx1(rng.integers(0, 10, size).tolist()))
    return Folder(tmp_path)


def test_paper_is_the_authors_loader(data: SequenceData, mirror: Path) -> None:
    assert_form(data)
    assert (len(data.train), 0, len(data.test)) == data.spec.sizes
    assert data.valid is None
    for part, split in (("train", data.train), ("t10k", data.test)):
        images, labels = idx.read(Folder(mirror / "mnist"), part)
        np.testing.assert_array_equal(split.y, labels)
        for number in range(0, len(images), 97):
            for got, expected in zip((split.x, split.elapsed, split.mask), authors(images[number]), strict=True):
                np.testing.assert_array_equal(got[number], expected)


def test_long_sequences_are_cut(made_up: Folder) -> None:
    data = load(et_smnist, made_up)
    images = idx.images(made_up["train-images-idx3-ubyte.gz"])
    for number in range(5):
        for name, expected in zip(("x", "elapsed", "mask"), authors(images[number]), strict=True):
            np.testing.assert_array_equal(getattr(data.train, name)[number], expected)
    assert data.train.mask.sum(1)[:5].tolist() == [1, 256, 256, 256, 256]


def test_clean_takes_the_last_images_for_validation(made_up: Folder) -> None:
    paper, clean = load(et_smnist, made_up), load(et_smnist, made_up, "clean")
    assert_form(clean)
    assert changed(paper, clean) >= {"train.x", "valid.x", "selection"}
    np.testing.assert_array_equal(np.concatenate([clean.train.x, clean.valid.x]), paper.train.x)
    assert len(clean.valid) == 6000
