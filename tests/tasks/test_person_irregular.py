from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from ltcbench.errors import UserError
from ltcbench.settings import groups
from ltcbench.tasks import person_irregular
from ltcbench.tasks.sequences import SequenceData, Split
from tests.tasks.checks import assert_form, changed, load

TAGS = ["010-000-024-033", "010-000-030-096", "020-000-033-111", "020-000-032-221"]
CLASSES = {
    "walking": 0,
    "falling": 1,
    "lying": 2,
    "lying down": 2,
    "sitting": 3,
    "sitting down": 3,
    "standing up from lying": 4,
    "standing up from sitting": 4,
    "standing up from sit on grnd": 4,
    "on all fours": 5,
    "sitting on the ground": 6,
}
ACTIVITIES = ["walking", "sitting", "lying down", "standing up from sitting on the ground", "on all fours"]
LINES = 260


def write(folder: Path, other_values: bool = False, other_labels: bool = False) -> dict[str, Path]:
    """Made-up recordings of two persons whose third coordinate numbers the lines; their third can be another."""
    lines = []
    for name in ("A01", "A02", "A03", "A04", "B01", "B02", "B03"):
        rng = np.random.default_rng(sum(map(ord, name)))
        changed = name.endswith("3")
        ticks = 633790226051280329 + np.cumsum(rng.integers(-60_000, 400_000, LINES))
        for now in ticks.tolist():
            place = rng.normal(size=2) * (50 if changed and other_values else 1)
            activity = ACTIVITIES[(rng.integers(5) + (changed and other_labels)) % 5]
            tag = TAGS[rng.integers(4)]
            lines.append(f"{name},{tag},{now},27.05.2009 14:03:25:127,{place[0]},{place[1]},{len(lines)},{activity}")
    path = folder / "ConfLongDemo_JSI.txt"
    path.write_text("\n".join(lines) + "\n")
    return {path.name: path}


def authors(path: Path, tau: float) -> dict[str, list[tuple[np.ndarray, ...]]]:
    """What the authors' loader makes of the file, line by line: x, elapsed, mask and classes of each window."""
    recordings: dict[str, list[list]] = {}
    for line in path.read_text().splitlines():
        name, tag, ticks, _, *place, activity = line.split(",")
        now = float(ticks)
        if name not in recordings:
            first = now
            recordings[name] = [[0.0, {}, set()]]
        moments = recordings[name]
        time = round((now - first) / 10**5)
        if time != moments[-1][0]:
            moments.append([time, {}, set()])
        _, values, labels = moments[-1]
        mean, count = values.get(TAGS.index(tag), (np.zeros(3, np.float32), np.float32(0)))
        mean = (mean * count + np.array([float(number) for number in place]).astype(np.float32)) / np.float32(count + 1)
        values[TAGS.index(tag)] = mean, np.float32(count + 1)
        if activity in CLASSES:
            labels.add(CLASSES[activity])

    windows = []
    for moments in recordings.values():
        x, mask = np.zeros((len(moments), 4, 3), np.float32), np.zeros((len(moments), 4, 3), bool)
        for row, (_, values, _) in enumerate(moments):
            for tag, (mean, _) in values.items():
                x[row, tag], mask[row, tag] = mean, True
        time = np.array([moment[0] for moment in moments], np.float32)
        y = np.array([min(moment[2], default=-1) for moment in moments])
        begin = 0
        while begin + 50 < len(moments):
            here = slice(begin, begin + 50)
            since = time[here] - time[begin]
            elapsed = np.concatenate([[0], since[1:] - since[:-1]]).astype(np.float32) * np.float32(tau)
            windows.append((x[here].reshape(50, 12), elapsed, mask[here].reshape(50, 12), y[here]))
            begin += 25
    train, test = train_test_split(windows, train_size=0.8, random_state=42, shuffle=True)
    return {"train": train, "test": test}


@pytest.fixture(scope="module")
def real(mirror: Path) -> dict[str, Path]:
    return {"ConfLongDemo_JSI.txt": mirror / "person" / "ConfLongDemo_JSI_first16486.txt"}


def columns(split: Split) -> tuple[np.ndarray, ...]:
    return split.x, split.elapsed, split.mask, split.y


def lines(data: SequenceData) -> list[set[int]]:
    """The numbers of the lines in train, valid and test."""
    splits = (data.train, data.valid, data.test)
    return [set(split.x[..., 2::3][split.mask[..., 2::3]].round(3).tolist()) for split in splits]


def test_paper_is_the_authors_loader(real: dict[str, Path]) -> None:
    quirks = groups.quirks("person_irregular", "paper", {"drawn_with_replacement": False})
    data = person_irregular.load(real, quirks, time_scale=10)
    assert_form(data, backward=True, unlabelled=True)
    for part, windows in authors(real["ConfLongDemo_JSI.txt"], 10).items():
        for got, expected in zip(columns(getattr(data, part)), zip(*windows, strict=True), strict=True):
            np.testing.assert_array_equal(got, np.stack(expected))
    assert data.valid is None and data.selection == "last" and data.spec.output_size == 11
    assert (data.train.y == -1).any() and (data.train.elapsed < 0).any()


def test_windows_are_drawn_with_replacement(real: dict[str, Path]) -> None:
    drawn, once = load(person_irregular, real), load(person_irregular, real, drawn_with_replacement=False)
    for part in ("train", "test"):
        before, after = ([row.tobytes() for row in getattr(data, part).x] for data in (once, drawn))
        assert len(before) == len(after) and set(after) < set(before)


def test_clean_has_the_promised_recordings(real: dict[str, Path], tmp_path: Path) -> None:
    data = load(person_irregular, real, "clean")
    assert_form(data)
    assert min(len(data.train), len(data.valid), len(data.test)) > 190
    data = load(person_irregular, write(tmp_path), "clean")
    train, valid, test = ({int(line) // LINES for line in part} for part in lines(data))
    assert (train, valid, test) == ({0, 3, 4}, {1, 5}, {2, 6})


def test_clean_shares_no_line_and_paper_does(tmp_path: Path) -> None:
    files = write(tmp_path)
    train, valid, test = lines(load(person_irregular, files, "clean", time_steps_back=True))
    assert not train & valid and not train & test and not valid & test
    train, valid, test = lines(load(person_irregular, files, no_validation=False, drawn_with_replacement=False))
    assert train & test and train & valid


def test_clean_learns_nothing_from_the_test_recordings(tmp_path: Path) -> None:
    before = load(person_irregular, write(tmp_path), "clean")
    assert changed(before, load(person_irregular, write(tmp_path, other_values=True), "clean")) == {"test.x"}
    assert changed(before, load(person_irregular, write(tmp_path, other_labels=True), "clean")) == {"test.y"}


def test_clean_knows_every_class_and_the_time(tmp_path: Path) -> None:
    data = load(person_irregular, write(tmp_path), "clean")
    assert set(data.train.y.ravel()) == {0, 2, 3, 4, 5}
    assert (data.train.elapsed[:, 1:] > 0).all() and not data.train.elapsed[:, 0].any()


def test_time_is_scaled(tmp_path: Path) -> None:
    files = write(tmp_path)
    quirks = groups.quirks("person_irregular", "clean")
    one, ten = (person_irregular.load(files, quirks, time_scale=scale) for scale in (1, 10))
    np.testing.assert_array_equal(ten.train.elapsed, 10 * one.train.elapsed)


@pytest.mark.parametrize("quirk", groups.quirks("person_irregular", "paper"))
def test_each_quirk_changes_the_data(tmp_path: Path, quirk: str) -> None:
    files, paper = write(tmp_path), groups.quirks("person_irregular", "paper")
    assert changed(load(person_irregular, files), load(person_irregular, files, **{quirk: not paper[quirk]}))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("A01,020-000-033-111,6337902260,d,1,2,walking", "row 5, column activity|row 5, column z"),
        ("A01,020-000-033-111,6337902260,d,1,2,3,walking,", "line 5"),
        ("A01,020-000-033-111,6337902260,d,1,x,3,walking", "row 5, column y: 'x' where a number"),
        ("A01,020-000-033-112,6337902260,d,1,2,3,walking", "row 5: unknown label '020-000-033-112'"),
        ("A01,020-000-033-111,6337902260,d,1,2,3,running", "row 5: unknown label 'running'"),
        ("Z01,020-000-033-111,6337902260,d,1,2,3,walking", "row 5: unknown label 'Z01'"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, told: str) -> None:
    files = write(tmp_path)
    path = files["ConfLongDemo_JSI.txt"]
    content = path.read_text().splitlines()
    content[4] = line
    path.write_text("\n".join(content))
    with pytest.raises(UserError, match=f"ConfLongDemo_JSI.txt.*({told})"):
        load(person_irregular, files)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    files = write(tmp_path)
    path = files["ConfLongDemo_JSI.txt"]
    content = path.read_text()
    half = content[: len(content) // 2]
    path.write_text(half)
    with pytest.raises(UserError, match=f"ConfLongDemo_JSI.txt, row {len(half.splitlines())}, column"):
        load(person_irregular, files)
    path.write_text("")
    with pytest.raises(UserError, match=r"ConfLongDemo_JSI\.txt is empty"):
        load(person_irregular, files)
    path.unlink()
    with pytest.raises(UserError, match=r"cannot read .*ConfLongDemo_JSI.txt"):
        load(person_irregular, files)


def test_what_has_no_class_is_trained_as_walking_and_not_tested(real: dict[str, Path]) -> None:
    without, walking = load(person_irregular, real), load(person_irregular, real, unlabelled_as_walking=True)
    assert changed(without, walking) == {"train.y"}
    none = without.train.y < 0
    assert none.any() and not walking.train.y[none].any() and (walking.train.y[~none] == without.train.y[~none]).all()
