"""The idx files of MNIST: a header of big-endian numbers, then one byte a pixel or label; plain or as ``.gz``."""

import gzip
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ltcbench.errors import UserError
from ltcbench.tasks.reading import AGAIN, content, count
from ltcbench.tasks.sequences import Array

SIDE = 28
CLASSES = 10


def read(files: Mapping[str, Path], part: str) -> tuple[Array, Array]:
    """Images (N, 28, 28) uint8 and labels (N,) int64 of ``train`` or ``t10k``.

    Args:
        files: ``<part>-images-idx3-ubyte.gz`` and ``<part>-labels-idx1-ubyte.gz``.
        part: ``train`` or ``t10k``.

    Raises:
        UserError: as ``images`` and ``labels``, or there are not as many labels as images.
    """
    path = files[f"{part}-labels-idx1-ubyte.gz"]
    pixels, digits = images(files[f"{part}-images-idx3-ubyte.gz"]), labels(path)
    count(path, len(digits), len(pixels))
    return pixels, digits.astype(np.int64)


def images(path: Path) -> Array:
    """The images (N, 28, 28) uint8 of an idx3 file.

    Raises:
        UserError: unreadable, not an idx file of images of 28 x 28, or cut short.
    """
    pixels = _payload(path, dimensions=3)
    if pixels.shape[1:] != (SIDE, SIDE):
        raise UserError(f"{path} holds images of {pixels.shape[1:]} pixels, expected ({SIDE}, {SIDE}): {AGAIN}.")
    return pixels


def labels(path: Path) -> Array:
    """The labels (N,) uint8, 0 to 9, of an idx1 file.

    Raises:
        UserError: unreadable, not an idx file of labels, cut short, or a label above 9 (its row is named).
    """
    digits = _payload(path, dimensions=1)
    wrong = np.flatnonzero(digits >= CLASSES)
    if len(wrong):
        raise UserError(f"{path}, row {wrong[0] + 1}: label {digits[wrong[0]]}, expected 0 to 9: {AGAIN}.")
    return digits


def _payload(path: Path, dimensions: int) -> Array:
    """The array of bytes of an idx file with this many dimensions."""
    raw = content(path)
    try:
        data = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UserError(f"{path} is not a whole .gz file ({error}): {AGAIN}.") from None
    start = 4 * (1 + dimensions)
    header = np.frombuffer(data[:start], ">u4") if len(data) >= start else np.zeros(1, ">u4")
    if header[0] != 0x800 + dimensions:  # 8: unsigned bytes
        raise UserError(f"{path} does not begin like an idx file of {dimensions} dimensions: {AGAIN}.")
    shape = tuple(int(size) for size in header[1:])
    got, expected = len(data) - start, int(np.prod(shape))
    if got != expected:
        raise UserError(f"{path} holds {got} bytes of data, its header says {expected}: {AGAIN}.")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)
