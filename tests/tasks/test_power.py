import datetime as dt
import itertools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ltcbench.errors import UserError
from ltcbench.settings import groups
from ltcbench.tasks import power
from tests.tasks.checks import Folder, assert_form, assert_paper, changed, load, shared

NAME = "household_power_consumption.txt"
HEADER = ";".join(power.COLUMNS)
MINUTES = 1600
TRAIN_END, TEST_BEGIN = 1200, 1360


def stamps() -> Iterator[str]:
    """The date and the time of every minute from the official beginning on."""
    time = dt.datetime(2006, 12, 16, 17, 24)
    while True:
        yield f"{time.day}/{time.month}/{time.year};{time:%H:%M:%S}"
        time += dt.timedelta(minutes=1)


def made_up() -> np.ndarray:
    """Measurements whose voltage numbers the rows; those of four minutes are missing."""
    values = np.random.default_rng(0).exponential(size=(MINUTES, 7)).round(3)
    values[:, 2] = np.arange(1, MINUTES + 1)
    values[[0, 100, 101, 1400]] = np.nan
    return values


def write(folder: Path, values: np.ndarray) -> Folder:
    rows = [
        f"{stamp};" + ("?;?;?;?;?;?;" if np.isnan(row[0]) else ";".join(map(str, row)))
        for stamp, row in zip(stamps(), values, strict=False)
    ]
    (folder / NAME).write_bytes("\r\n".join([HEADER, *rows, ""]).encode())
    return Folder(folder)


def authors(path: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What the authors' loader makes of the file, line by line."""
    rows, last = [], list(range(7))
    with path.open() as lines:
        next(lines)
        for line in lines:
            for column, cell in enumerate(line.split(";")[2:9]):
                if cell not in ("?", "\n"):
                    last[column] = float(cell)
            rows.append(np.array(last, dtype=np.float32))
    values = np.stack(rows, axis=0)
    values -= np.mean(values, axis=0)
    values /= np.std(values, axis=0)

    begins = range(0, len(values) - 32, 32)
    x = np.stack([values[begin : begin + 32, 1:] for begin in begins], axis=1)
    y = np.stack([values[begin : begin + 32, :1] for begin in begins], axis=1)
    order = np.random.RandomState(23489).permutation(len(begins))
    valid, test = int(0.1 * len(begins)), int(0.1 * len(begins)) + int(0.15 * len(begins))
    chosen = {"valid": order[:valid], "test": order[valid:test], "train": order[test:]}
    return {part: (x[:, which], y[:, which]) for part, which in chosen.items()}


@pytest.fixture(scope="session")
def real(mirror: Path) -> Folder:
    return Folder(mirror / "power", **{NAME: mirror / "power" / "household_power_consumption_first37287.txt"})


def test_paper_is_the_authors_loader(real: Folder) -> None:
    assert_paper(load(power, real), authors(real[NAME]), sizes=(875, 116, 174))


def test_paper_with_minutes_missing_at_the_beginning(tmp_path: Path) -> None:
    files = write(tmp_path, made_up())
    assert_paper(load(power, files), authors(files[NAME]), sizes=(38, 4, 7))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_the_whole_file_in_time_and_memory(real: Folder, tmp_path: Path) -> None:
    """As many minutes as the official file has, the real first ones repeated."""
    minutes = 2_075_259
    lines = real[NAME].read_text().splitlines()[1:]
    measured = [line.split(";", 2)[2] for line in lines]
    path = tmp_path / NAME
    with path.open("w", newline="\r\n") as out:
        out.write(HEADER + "\n")
        out.writelines(
            f"{stamp};{measured[number % len(measured)]}\n"
            for number, stamp in zip(range(minutes), stamps(), strict=False)
        )
    script = f"""
import re, time
from pathlib import Path
from ltcbench.settings import groups
from ltcbench.tasks import power
begin = time.process_time()
power.load({{"{NAME}": Path({str(path)!r})}}, groups.quirks("power", "clean"))
print(time.process_time() - begin, re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    seconds, kilobytes = map(float, told.split())
    assert seconds < 20
    assert kilobytes < 2e6

    data = load(power, Folder(tmp_path))
    assert_paper(data, authors(path))
    voltage = np.concatenate([split.x[..., 1].ravel() for split in (data.train, data.valid, data.test)])
    assert abs(voltage.mean(dtype=np.float64)) > 0.3  # what sums in float32 come to


def test_clean_on_the_real_file(real: Folder) -> None:
    data = load(power, real, "clean")
    assert_form(data)
    assert (len(data.train), len(data.valid), len(data.test)) == (871, 116, 174)
    assert data.final_epoch_counts


def test_clean_shares_no_row(tmp_path: Path) -> None:
    files = write(tmp_path, made_up())
    assert shared(load(power, files, "clean"), column=1) == set()
    # The target's row is one later than that of the inputs: it must not be an input of the next part.
    data = load(power, files, "clean")
    first = [data.train, data.valid, data.test]
    distance = np.diff(data.train.x[0, :2, 1])[0]
    for part, following in itertools.pairwise(first):
        assert part.x[..., 1].max() + distance < following.x[..., 1].min() - 0.5 * distance


def test_clean_inputs_are_of_the_minute_before(tmp_path: Path) -> None:
    files = write(tmp_path, made_up())
    now = load(power, files, "clean", same_minute_inputs=True, missing_filled=True)
    before = load(power, files, "clean", missing_filled=True)
    np.testing.assert_allclose(before.train.y[0, :-1, 0], now.train.y[0, 1:, 0], atol=1e-2)
    np.testing.assert_array_equal(before.train.x[0], now.train.x[0])


def test_clean_leaves_out_windows_with_missing_minutes(tmp_path: Path) -> None:
    values = made_up()
    with_holes = load(power, write(tmp_path, values), "clean")
    filled = load(power, write(tmp_path, values), "clean", missing_filled=True)
    # Row 0 is an input of the first window, rows 100 and 101 are in the fourth, row 1400 is in one of the test.
    assert len(filled.train) - len(with_holes.train) == 2
    assert len(filled.test) - len(with_holes.test) == 1
    assert len(filled.valid) == len(with_holes.valid)


def test_clean_learns_nothing_from_the_test_minutes(tmp_path: Path) -> None:
    before = load(power, write(tmp_path, made_up()), "clean")
    values = made_up()
    values[TEST_BEGIN + 1 :, 0] *= 2
    assert changed(before, load(power, write(tmp_path, values), "clean")) == {"test.y"}
    values = made_up()
    values[TEST_BEGIN + 1 :, 1:] *= 2
    assert changed(before, load(power, write(tmp_path, values), "clean")) == {"test.x"}


def test_clean_is_scaled_by_the_training_rows(tmp_path: Path) -> None:
    data = load(power, write(tmp_path, made_up()), "clean")
    steps = data.train.x.reshape(-1, 6)
    np.testing.assert_allclose(steps.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(steps.std(axis=0), 1, atol=1e-5)


@pytest.mark.parametrize("quirk", groups.quirks("power", "paper"))
def test_each_quirk_changes_the_data(tmp_path: Path, quirk: str) -> None:
    files = write(tmp_path, made_up())
    assert changed(load(power, files), load(power, files, **{quirk: False}))


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("16/12/2006;17:26:00;4.2;0.4;234.8;18.4;0.0", "row 3, column Sub_metering_2: nothing where a number"),
        ("16/12/2006;17:26:00;4.2;0.4;234.8;18.4;0.0;1.0", "row 3: only some of the measurements"),
        ("16/12/2006;17:26:00;4.2;0.4;?;18.4;0.0;1.0;17.0", "row 3: only some of the measurements"),
        ("16/12/2006;17:26:00;4.2;0.4;234.8;18.4;0.0;1.0;17.0;1", "Expected 9 fields in line 4, saw 10"),
        ("16/12/2006;17:26:00;4.2;0.4;high;18.4;0.0;1.0;17.0", "row 3, column Voltage: 'high' where a number"),
        ("", "has 1599 rows, expected 1600"),
    ],
)
def test_a_broken_row_is_named(tmp_path: Path, row: str, told: str) -> None:
    files = write(tmp_path, made_up())
    lines = files[NAME].read_text().splitlines()
    lines[3] = row
    files[NAME].write_text("\n".join(lines))
    with pytest.raises(UserError, match=f"{NAME}.*{told}"):
        load(power, files)


@pytest.mark.parametrize(
    ("end", "told"),
    [
        ("17/12/2006;20:03:00;4.2;0.4;234.8;18.4;0.0;1.0;", "row 1600: only some of the measurements"),
        ("17/12/2006;20:03:00;4.2;0", "row 1600, column Voltage: nothing where a number"),
        ("17/12/2006;20:03:00", "row 1600, column Global_active_power: nothing where a number"),
        ("17/12/2006;20", "row 1600, column Global_active_power: nothing where a number"),
        ("17/12/2006;20:3;?;?;?;?;?;?;", "row 1600: '17/12/2006 20:3' is not a time"),
        ("17/12/2006;20:05:00;?;?;?;?;?;?;", "has 1600 rows, expected 1602"),
    ],
)
def test_a_truncated_file_is_named(tmp_path: Path, end: str, told: str) -> None:
    files = write(tmp_path, made_up())
    lines = files[NAME].read_text().splitlines()
    files[NAME].write_text("\n".join([*lines[:-1], end]))
    with pytest.raises(UserError, match=f"{NAME}.*{told}"):
        load(power, files)


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    for text in ("", HEADER):
        (tmp_path / NAME).write_text(text)
        with pytest.raises(UserError, match=f"{NAME} is empty"):
            load(power, Folder(tmp_path))
