"""Reading raw text and NumPy files, with one sentence for everything that can be wrong with them."""

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ltcbench.errors import UserError
from ltcbench.tasks.sequences import Array

if TYPE_CHECKING:
    import pandas as pd  # at run time only by what parses text: it takes a quarter of a second

# From 3.1 on pandas parses to the nearest double by itself and warns of the argument.
EXACT = {} if tuple(map(int, version("pandas").split(".")[:2])) >= (3, 1) else {"float_precision": "round_trip"}
AGAIN = "fetch the file again (ltcbench data verify shows which files are damaged)"


def numbers(path: Path, columns: int, *, sep: str, header: bool = False, rows: int | None = None) -> Array:
    """A table of numbers (rows, columns), float64, parsed to the nearest double as ``numpy.loadtxt`` does.

    Args, Raises: as ``table``; every column holds numbers.
    """
    kinds = {str(number): float for number in range(1, columns + 1)}
    return np.ascontiguousarray(table(path, kinds, sep=sep, header=header, rows=rows))


def table(
    path: Path,
    columns: Mapping[str, Any],
    *,
    sep: str = ",",
    header: bool = False,
    missing: Mapping[str, str] | None = None,
    rows: int | None = None,
) -> "pd.DataFrame":
    """A table of numbers and text; a ``.gz`` file is unpacked.

    Args:
        path: the text file.
        columns: name and kind of each column in order: ``float``, ``str``, or ``"category"`` for long columns of few
            different texts. The names of a header are not read.
        sep: separator, a single character or ``r"\\s+"``.
        header: the first line is a header.
        missing: by name of the column, what stands in place of a number that is missing; such cells become NaN.
        rows: the number of rows the file must have, None for any.

    Raises:
        UserError: the file is unreadable or empty, a row has a missing or an extra column, a cell is not a finite
            number, or the row count is wrong; the row is named (counted from 1, the header not counted).
    """
    import pandas as pd

    numeric = [place for place, kind in enumerate(columns.values()) if kind is float]
    options: dict[str, Any] = {"sep": sep, "header": None, "skiprows": int(header), "index_col": False, **EXACT}
    sign = {place: [text] for place, name in enumerate(columns) if (text := (missing or {}).get(name)) is not None}
    options |= {"keep_default_na": False, "na_values": sign}

    def parse() -> "pd.DataFrame":
        try:
            frame: pd.DataFrame = pd.read_csv(path, dtype=dict(enumerate(columns.values())), **options)
        except (pd.errors.ParserError, pd.errors.EmptyDataError):
            raise
        except ValueError:  # a cell is not a number: as text, so that it can be named below
            frame = pd.read_csv(path, dtype=str, **options)
        return frame

    frame = parsed(path, parse)
    if frame.shape[1] != len(columns):
        raise UserError(f"{path} has {frame.shape[1]} columns, expected {len(columns)}: {AGAIN}.")
    frame.columns = pd.Index(columns)
    for place in numeric:
        column = frame.iloc[:, place]
        values = pd.to_numeric(column, errors="coerce").to_numpy(np.float64)
        allowed = column.isna().to_numpy() & (place in sign)
        bad = np.flatnonzero(~np.isfinite(values) & ~allowed)
        if len(bad):
            row, cell = bad[0], column.iloc[bad[0]]
            got = repr(str(cell)) if str(cell) else "nothing"
            raise UserError(
                f"{path}, row {row + 1}, column {frame.columns[place]}: {got} where a number is expected: {AGAIN}."
            )
    count(path, len(frame), rows)
    return frame


def parsed(path: Path, parse: "Callable[[], pd.DataFrame]") -> "pd.DataFrame":
    """The result of ``parse()``, a pandas reader of ``path``, with its exceptions told in a sentence."""
    import pandas as pd

    try:
        return parse()
    except pd.errors.EmptyDataError:
        raise UserError(f"{path} is empty, expected a table: {AGAIN}.") from None
    except OSError as error:
        raise UserError(
            f"cannot read {path} ({error.strerror or error}): check that it exists and its rights."
        ) from None
    except (ValueError, EOFError) as error:  # parser errors of pandas are ValueErrors; a cut gzip file is an EOFError
        reason = str(error).strip().removeprefix("Error tokenizing data. C error: ")
        raise UserError(f"{path} is not the expected table ({reason}): {AGAIN}.") from None


def count(path: Path, got: int, expected: int | None) -> None:
    """Raise a UserError unless ``got`` rows are what is ``expected`` (None: any number)."""
    if expected is not None and got != expected:
        raise UserError(f"{path} has {got} rows, expected {expected}: {AGAIN}.")


def codes(path: Path, values: "Sequence[Any] | Array | pd.Series[Any]", labels: Sequence[Any]) -> Array:
    """Class numbers (N,) int64 of ``values``, the place of each in ``labels``.

    Raises:
        UserError: a value is not among the labels; its row is named.
    """
    import pandas as pd

    index: Array = pd.Index(labels).get_indexer(pd.Index(values))
    unknown = np.flatnonzero(index < 0)
    if len(unknown):
        row = unknown[0]
        raise UserError(
            f"{path}, row {row + 1}: unknown label {str(np.asarray(values)[row])!r}, "
            f"expected one of {', '.join(map(str, labels))}: {AGAIN}."
        )
    return index.astype(np.int64)


def times(path: Path, values: "pd.Series[Any]", form: str) -> "pd.Series[pd.Timestamp]":
    """The points in time that ``values`` write in the form ``form``, e.g. ``"%Y-%m-%d"``.

    Raises:
        UserError: a value is not written so; its row is named, by the index of ``values``.
    """
    import pandas as pd

    points = pd.to_datetime(values, format=form, errors="coerce")
    unknown = np.flatnonzero(points.isna())
    if len(unknown):
        row, value = values.index[unknown[0]] + 1, values.iloc[unknown[0]]
        raise UserError(f"{path}, row {row}: {str(value)!r} is not a time written {form}: {AGAIN}.")
    return points


def content(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        UserError: it is not there or may not be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(
            f"cannot read {path} ({error.strerror or error}): check that it exists and its rights."
        ) from None


def npy(path: Path, columns: int) -> Array:
    """A recording (length, columns) from a ``.npy`` file, which may not hold pickled objects.

    Raises:
        UserError: not a ``.npy`` file, pickled objects, another shape, or values that are not finite numbers.
    """
    try:
        values = np.load(path, allow_pickle=False)
    except OSError as error:
        raise UserError(
            f"cannot read {path} ({error.strerror or error}): check that it exists and its rights."
        ) from None
    except (ValueError, EOFError) as error:
        raise UserError(f"{path} is not a plain .npy array ({error}): {AGAIN}.") from None
    if not isinstance(values, np.ndarray) or values.ndim != 2 or values.shape[1] != columns or not len(values):
        raise UserError(f"{path} has shape {np.shape(values)}, expected (length, {columns}): {AGAIN}.")
    if values.dtype.kind not in "fiu" or not np.isfinite(values).all():
        raise UserError(f"{path} holds values that are not finite numbers: {AGAIN}.")
    return cast(Array, values)
