"""Reviews as word numbers out of ``imdb.npz``, which stores them as pickled Python lists.

A pickle can run any code when it is loaded. This one may build lists and numbers and nothing else.
"""

import io
import pickle
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from ltcbench.errors import UserError
from ltcbench.tasks.reading import AGAIN, codes, content, count
from ltcbench.tasks.sequences import Array


class _Array:
    """Stands for the NumPy array in the pickle; only its values are kept, as they are."""

    values: Any = None

    def __init__(self, *arguments: Any) -> None:
        pass

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.values = state[-1]


def _encode(text: str, encoding: str) -> bytes:
    """Bytes as old pickles hold them."""
    return text.encode("latin1")


_ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Array,
    ("_codecs", "encode"): _encode,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return _ALLOWED[module, name]


def read(path: Path, part: str) -> tuple[list[Array], Array]:
    """The reviews ``x_<part>``, each (length,) int64, and their labels ``y_<part>`` (N,) int64.

    Raises:
        UserError: not such a file, cut short, or it holds or asks for anything but lists of whole numbers and a label
            for each, 0 or 1.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content(path))) as archive:
            y = np.load(io.BytesIO(archive.read(f"y_{part}.npy")), allow_pickle=False)
            reviews = [_numbers(words) for words in _unpickled(archive.read(f"x_{part}.npy"))]
    except _WRONG as error:
        raise UserError(f"{path}, {part}: {error}; expected lists of word numbers: {AGAIN}.") from None
    count(path, y.size, len(reviews))
    return reviews, codes(path, y.reshape(-1), (0, 1))


_WRONG = (
    *(zipfile.BadZipFile, zlib.error, pickle.UnpicklingError),
    *(KeyError, ValueError, EOFError, AttributeError, TypeError, IndexError),
)


def _unpickled(data: bytes) -> list[Any]:
    """The objects of a ``.npy`` file of objects."""
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    _, _, kind = header(stream)
    if not kind.hasobject:
        raise ValueError(f"the reviews are stored as {kind}")
    values = getattr(_Unpickler(stream).load(), "values", None)
    if not isinstance(values, list):
        raise ValueError("the reviews are not an array of lists")
    return values


def _numbers(words: Any) -> Array:
    if not isinstance(words, list):
        raise ValueError(f"a review is a {type(words).__name__}")
    numbers = np.array(words, dtype=None if words else np.int64)
    if numbers.ndim != 1 or numbers.dtype.kind != "i" or (numbers < 0).any():
        raise ValueError(f"a review holds something else than word numbers ({str(words[:3])[:80]})")
    return numbers
