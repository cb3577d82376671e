import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ltcbench.errors import UserError
from ltcbench.settings import groups
from ltcbench.tasks import traffic
from tests.tasks.checks import Folder, assert_form, assert_paper, changed, load, shared

NAME = "Metro_Interstate_Traffic_Volume.csv.gz"
HEADER = "holiday,temp,rain_1h,snow_1h,clouds_all,weather_main,weather_description,date_time,traffic_volume"
ROWS = 1200
TRAIN_END, TEST_BEGIN = 900, 1020


def made_up() -> pd.DataFrame:
    """Hours from Tuesday 2 October 2012 on; the temperature numbers the rows.

    Row 51 repeats the hour of row 50, three hours are missing before row 100, two days before row 200; the holiday is
    the 8th, written at its first hour.
    """
    rng = np.random.default_rng(0)
    hour = np.arange(ROWS)
    hour[51:] -= 1
    hour[100:] += 3
    hour[200:] += 48
    time = pd.Timestamp("2012-10-02") + pd.to_timedelta(hour, unit="h")
    return pd.DataFrame(
        {
            "holiday": np.where(time == pd.Timestamp("2012-10-08"), "Columbus Day", "None"),
            "temp": 250 + 0.01 * np.arange(ROWS),
            "rain_1h": rng.exponential(size=ROWS).round(2),
            "snow_1h": rng.exponential(size=ROWS).round(2),
            "clouds_all": rng.uniform(0, 100, ROWS).round(1),
            "weather_main": "Clouds",
            "weather_description": "broken, clouds",
            "date_time": time.strftime("%Y-%m-%d %H:%M:%S"),
            "traffic_volume": rng.integers(0, 7000, ROWS),
        }
    )


def write(folder: Path, frame: pd.DataFrame) -> Folder:
    frame.to_csv(folder / NAME, index=False)
    return Folder(folder)


def authors(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Features and targets of all rows as the authors compute them, step by step."""
    frame = pd.read_csv(path, keep_default_na=False)
    temp = frame["temp"].to_numpy().astype(np.float32)
    temp = temp - np.mean(temp)
    others = [frame[name].to_numpy().astype(np.float32) for name in ("rain_1h", "snow_1h", "clouds_all")]
    times = [dt.datetime.strptime(text, "%Y-%m-%d %H:%M:%S") for text in frame["date_time"]]
    weekday = np.array([time.weekday() for time in times]).astype(np.float32)
    noon = np.array([time.hour for time in times]).astype(np.float32)
    noon = np.sin(noon * np.pi / 24)
    x = np.stack([np.zeros(len(frame), np.float32), temp, *others, weekday, noon], axis=-1)
    y = frame["traffic_volume"].to_numpy().astype(np.float32)
    y -= np.mean(y)
    y /= np.std(y)
    return x, y[:, None]


def authors_windows(values: np.ndarray) -> np.ndarray:
    return np.stack([values[begin : begin + 32] for begin in range(0, 48204 - 32, 4)], axis=1)


def test_paper_is_the_authors_loader(mirror: Path) -> None:
    files = Folder(mirror / "traffic")
    x, y = (authors_windows(values) for values in authors(files[NAME]))
    order = np.random.RandomState(23489).permutation(12043)
    chosen = {"valid": order[:1204], "test": order[1204:3010], "train": order[3010:]}
    assert_paper(load(traffic, files), {part: (x[:, which], y[:, which]) for part, which in chosen.items()})


def test_transposed_windows_are_the_authors_first_version(mirror: Path) -> None:
    files = Folder(mirror / "traffic")
    # Stacked once more on the second axis, the 32 steps take the place of the windows.
    x, y = (np.stack(list(authors_windows(values)), axis=1) for values in authors(files[NAME]))
    assert x.shape == (12043, 32, 7)
    order = np.random.RandomState(23489).permutation(32)
    chosen = {"valid": order[:3], "test": order[3:7], "train": order[7:]}
    oracle = {part: (x[:, which], y[:, which]) for part, which in chosen.items()}
    assert_paper(load(traffic, files, transposed_windows=True), oracle, sizes=(25, 3, 4))


def test_clean_on_the_real_file(mirror: Path) -> None:
    data = load(traffic, Folder(mirror / "traffic"), "clean")
    assert_form(data)
    assert (data.train.elapsed[:, 1:] >= 1).all() and data.train.elapsed.max() <= 24
    assert np.abs(data.train.x).max() < 100
    assert {0, 1} == set(np.unique(data.test.x[..., 0])) == set(np.unique(data.test.x[..., 5]))
    assert (len(data.train), len(data.valid), len(data.test)) == (7530, 1007, 1514)
    assert data.final_epoch_counts and data.spec.irregular


def test_clean_shares_no_row(tmp_path: Path) -> None:
    files = write(tmp_path, made_up())
    assert shared(load(traffic, files, "clean"), column=1) == set()
    assert shared(load(traffic, files, "clean", transposed_windows=True), column=1) == set()
    assert shared(load(traffic, files), column=1) == {"train valid", "train test", "valid test"}


def test_clean_learns_nothing_from_the_test_hours(tmp_path: Path) -> None:
    frame = made_up()
    before = load(traffic, write(tmp_path, frame), "clean")
    after = frame.copy()
    after.loc[TEST_BEGIN + 1 :, "traffic_volume"] = frame.loc[TEST_BEGIN + 1 :, "traffic_volume"].to_numpy()[::-1]
    assert changed(before, load(traffic, write(tmp_path, after), "clean")) == {"test.y"}
    after = frame.copy()
    after.loc[TEST_BEGIN + 1 :, traffic.WEATHER] *= 1.1
    assert changed(before, load(traffic, write(tmp_path, after), "clean")) == {"test.x"}


def test_clean_is_scaled_by_the_training_rows(tmp_path: Path) -> None:
    data = load(traffic, write(tmp_path, made_up()), "clean")
    rows, which = np.unique(data.train.x.reshape(-1, 8), axis=0, return_index=True)
    np.testing.assert_allclose(rows[:, 1:5].mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(rows[:, 1:5].std(axis=0), 1, atol=1e-4)
    y = data.train.y.reshape(-1)[which]
    np.testing.assert_allclose([y.mean(), y.std()], [0, 1], atol=1e-4)


def test_clean_repairs_the_rows(tmp_path: Path) -> None:
    frame = made_up()
    frame.loc[20, "rain_1h"] = 9831.3
    frame.loc[21, "temp"] = 0.0
    data = load(traffic, write(tmp_path, frame), "clean")
    for row in (20, 21):
        window = data.train.x[row // 4]  # one every 4 rows, in order
        np.testing.assert_array_equal(window[row % 4, 1:5], 0)


def test_clean_knows_the_calendar(tmp_path: Path) -> None:
    data = load(traffic, write(tmp_path, made_up()), "clean")
    steps = np.unique(data.train.x.reshape(-1, 8), axis=0)
    holiday = steps[steps[:, 0] == 1]
    assert len(holiday) == 24  # though the file names it in its first hour only
    assert len(np.unique(holiday[:, 6:].round(5), axis=0)) == 24  # sine and cosine tell the hours apart
    assert (holiday[:, 5] == 1).all()  # a Monday
    first = data.train.x[0]
    np.testing.assert_allclose(first[:, 6], np.sin(2 * np.pi * np.arange(32) / 24), atol=1e-6)
    np.testing.assert_allclose(first[:, 7], np.cos(2 * np.pi * np.arange(32) / 24), atol=1e-6)
    saturday = load(traffic, write(tmp_path, made_up()), "clean", repeated_hours=True).train.x[23, 5:, 5]
    np.testing.assert_array_equal(saturday[:24], 0)


def test_clean_knows_the_time(tmp_path: Path) -> None:
    frame = made_up()
    data = load(traffic, write(tmp_path, frame), "clean")
    assert set(np.unique(data.train.elapsed)) == {1, 4}  # the repeated hour is gone, no window crosses the two days
    kept = load(traffic, write(tmp_path, frame), "clean", repeated_hours=True)
    assert set(np.unique(kept.train.elapsed)) == {0, 1, 4}
    ignored = load(traffic, write(tmp_path, frame), "clean", time_ignored=True)
    assert set(np.unique(ignored.train.elapsed)) == {1} and len(ignored.train) > len(data.train)
    four_hours_apart = load(traffic, write(tmp_path, frame), "clean", transposed_windows=True)
    assert np.median(four_hours_apart.train.elapsed[:, 1:]) == 4


@pytest.mark.parametrize("quirk", groups.quirks("traffic", "paper"))
def test_each_quirk_changes_the_data(tmp_path: Path, quirk: str) -> None:
    files = write(tmp_path, made_up())
    other = not groups.quirks("traffic", "paper")[quirk]
    assert changed(load(traffic, files), load(traffic, files, **{quirk: other}))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("None,280,0,0,40,Clouds,few,2012-10-02 25:00:00,5", "row 3: '2012-10-02 25:00:00' is not a time written"),
        ("None,280,0,0,40,Clouds,few,2012-10-02 02:00:00", "row 3, column traffic_volume: nothing where a number"),
        ("None,280,0,0,40,Clouds,few,2012-10-02 02:00:00,5,6", "Expected 9 fields in line 4, saw 10"),
        ("None,warm,0,0,40,Clouds,few,2012-10-02 02:00:00,5", "row 3, column temp: 'warm' where a number"),
    ],
)
def test_a_broken_row_is_named(tmp_path: Path, line: str, told: str) -> None:
    lines = made_up().to_csv(index=False).splitlines()
    lines[3] = line
    path = tmp_path / "traffic.csv"
    path.write_text("\n".join(lines))
    with pytest.raises(UserError, match=f"traffic.csv.*{told}"):
        load(traffic, {NAME: path})


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    files = write(tmp_path, made_up())
    path = files[NAME]
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(UserError, match=rf"{NAME} is not the expected table"):
        load(traffic, files)
    plain = tmp_path / "traffic.csv"
    for text in ("", HEADER):
        plain.write_text(text)
        with pytest.raises(UserError, match=r"traffic.csv is empty"):
            load(traffic, {NAME: plain})
