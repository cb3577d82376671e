import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ltcbench.errors import UserError
from ltcbench.tasks.reading import codes, numbers, table, times


def test_numbers_are_the_nearest_doubles(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_normal((500, 4)) * 10.0 ** rng.integers(-12, 12, (500, 4))
    path = tmp_path / "numbers.txt"
    path.write_text("\n".join("  ".join(map(repr, row)) for row in values.tolist()))
    read = numbers(path, 4, sep=r"\s+", rows=500)
    np.testing.assert_array_equal(read, values)
    np.testing.assert_array_equal(read, np.loadtxt(path))
    assert read.dtype == np.float64 and read.flags.c_contiguous


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_table_with_text_and_missing_numbers(tmp_path: Path, name: str) -> None:
    text = 'day,x,y,kind\nNone,1.5,?,"a, b"\nNA,,2,\n'
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    columns = {"day": str, "x": float, "y": float, "kind": "category"}
    frame = table(path, columns, header=True, missing={"x": "", "y": "?"}, rows=2)
    assert frame["day"].tolist() == ["None", "NA"]
    assert frame["kind"].tolist() == ["a, b", ""]
    np.testing.assert_array_equal(frame["x"], [1.5, np.nan])
    np.testing.assert_array_equal(frame["y"], [np.nan, 2])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1,?\n", "row 1, column x: '1'|row 1, column y: '?' where a number"),
        ("?,1\n1,\n", "row 2, column y: nothing where a number"),
        ("?,1\n-inf,2\n", "row 2, column x: '-inf' where a number"),
        ("1,2,3\n", "has 3 columns, expected 2"),
        ("1,2\n1,2,3\n", "Expected 2 fields in line 2, saw 3"),
        ("1,2\n", "has 1 rows, expected 2"),
    ],
)
def test_a_broken_table_is_told(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=r"t\.csv") as error:
        table(path, {"x": float, "y": float}, missing={"x": "?"}, rows=2)
    assert any(part in str(error.value) for part in told.split("|"))


def test_codes_and_times_name_the_row() -> None:
    path = Path("f.txt")
    assert codes(path, ["b", "a", "b"], ["a", "b"]).tolist() == [1, 0, 1]
    with pytest.raises(UserError, match=r"f.txt, row 2: unknown label 'c', expected one of a, b"):
        codes(path, ["b", "c"], ["a", "b"])
    days = pd.Series(["1/2/1998", "12/31/1998"])
    assert times(path, days, "%m/%d/%Y").dt.month.tolist() == [1, 12]
    with pytest.raises(UserError, match=r"f.txt, row 8: '13/1/1998' is not a time"):
        times(path, pd.Series(["1/2/1998", "13/1/1998"], index=[3, 7]), "%m/%d/%Y")
