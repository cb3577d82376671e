from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ltcbench import tasks
from ltcbench.errors import UserError
from ltcbench.tasks import csv
from ltcbench.tasks.sequences import SequenceData
from ltcbench.training import targets
from ltcbench.training.baselines import baselines
from tests.tasks.checks import assert_form, changed

HEADER = "who,when,speed,height,state,kind,next"
NAMES = [f"runner {number}" for number in range(20)]


def rows() -> list[list[str]]:
    """20 sequences of 5 to 9 rows; ``height`` numbers all rows."""
    rng = np.random.default_rng(0)
    made: list[list[str]] = []
    for number, name in enumerate(NAMES):
        time = 0.0
        for _ in range(5 + number % 5):
            time += float(rng.integers(1, 4))
            speed = f"{rng.normal():.3f}"
            state, kind = "up" if rng.random() < 0.5 else "down", "AB"[number % 2]
            made.append([name, str(time), speed, str(len(made)), state, kind, f"{len(made) / 10}"])
    return made


def write(path: Path, table: list[list[str]], header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *(",".join(row) for row in table)]) + "\n")
    return path


def load(path: Path, **options: Any) -> SequenceData:
    settings = {"id": "who", "values": ["speed", "height"], "label": "kind", "path": str(path), **options}
    return csv.load({"table": path}, {}, **settings)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "my.csv", rows())


def heights(data: SequenceData) -> list[set[float]]:
    """The numbers of the rows in each part."""
    found = []
    for split in (data.train, data.valid, data.test):
        inside = np.ones(split.x.shape[:2], bool) if split.mask is None else split.mask
        found.append(set(split.x[..., 1][inside].tolist()))
    return found


def test_whole_sequences(path: Path) -> None:
    data = load(path, scaled=False, time="when", time_unit="1")
    assert_form(data)
    assert data.spec.labels == ("A", "B") and (data.spec.length, data.spec.features) == (9, 2)
    assert data.spec.sizes == (len(data.train), len(data.valid), len(data.test)) == (14, 2, 4)
    table = rows()
    by_first = {float(row[3]): row for row in table}
    for split in (data.train, data.valid, data.test):
        for x, y, elapsed, mask in zip(split.x, split.y, split.elapsed, split.mask, strict=True):
            name, kind = by_first[x[0, 1]][0], by_first[x[0, 1]][5]
            own = [row for row in table if row[0] == name]
            assert mask.sum() == len(own) and mask[: len(own)].all()
            np.testing.assert_array_equal(x[mask], np.array([row[2:4] for row in own], np.float32))
            times = [float(row[1]) for row in own]
            np.testing.assert_array_equal(elapsed[mask], np.diff(times, prepend=times[0]).astype(np.float32))
            assert "AB"[y] == kind and not x[~mask].any() and not elapsed[~mask].any()


def test_no_sequence_is_in_two_parts(path: Path) -> None:
    train, valid, test = heights(load(path, scaled=False))
    assert not train & valid and not train & test and not valid & test
    assert len(train | valid | test) == len(rows())


def test_the_order_of_the_rows_of_different_sequences_does_not_matter(path: Path, tmp_path: Path) -> None:
    mixed = sorted(rows(), key=lambda row: (float(row[1]), row[0]))
    before, after = heights(load(path, scaled=False)), heights(load(write(tmp_path / "b.csv", mixed), scaled=False))
    assert before == after


def test_scaling_learns_nothing_from_the_test(path: Path, tmp_path: Path) -> None:
    before = load(path)
    steps = before.train.x[before.train.mask]
    np.testing.assert_allclose(steps.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(steps.std(axis=0), 1, atol=1e-6)
    in_test = heights(load(path, scaled=False))[2]
    table = [[*row[:2], "99", *row[3:]] if float(row[3]) in in_test else row for row in rows()]
    assert changed(before, load(write(tmp_path / "b.csv", table))) == {"test.x"}


def test_windows(path: Path) -> None:
    data = load(path, window=4, stride=2, kind="classify_step", label="state", scaled=False)
    assert_form(data)
    assert data.train.elapsed[data.train.mask].all(), "every row is one unit without times"
    train, valid, test = heights(data)
    assert len(train | valid | test) == len(rows()), "the windows reach the end of each sequence"
    state = {float(row[3]): row[4] for row in rows()}
    for x, y, mask in zip(data.train.x, data.train.y, data.train.mask, strict=True):
        assert [data.spec.labels[label] for label in y[mask]] == [state[number] for number in x[mask, 1]]


def test_whole_windows_have_no_mask(path: Path) -> None:
    assert load(path, window=1).train.mask is None


def test_regression(path: Path) -> None:
    data = load(path, kind="regress", label=["next", "height"], scaled=False)
    assert_form(data)
    assert (data.spec.output_size, data.spec.metric, data.classes) == (2, "mse", 0)
    np.testing.assert_allclose(data.test.y[data.test.mask][:, 1], data.test.x[data.test.mask][:, 1])
    np.testing.assert_allclose(data.test.y[data.test.mask][:, 0], data.test.x[data.test.mask][:, 1] / 10, rtol=1e-6)


def test_missing_values_and_labels(tmp_path: Path) -> None:
    table = rows()
    table[0][2], table[1][3], table[2][4], table[7][2] = "", "NA", "?", "nan"
    data = load(write(tmp_path / "my.csv", table), kind="classify_step", label="state", scaled=False)
    assert_form(data, unlabelled=True)
    splits = [data.train, data.valid, data.test]
    assert all(split.mask.shape == split.x.shape for split in splits)
    assert sum(int(split.mask.sum()) for split in splits) == 2 * len(table) - 3
    assert sum(int((split.y == -1).sum()) for split in splits) == 1
    assert not any(split.x[~split.mask].any() for split in splits)


def test_a_row_without_any_input_is_masked(tmp_path: Path) -> None:
    table = rows()
    table[1][2] = table[1][3] = ""
    data = load(write(tmp_path / "my.csv", table), scaled=False)
    masks = [split.mask.any(-1) for split in (data.train, data.valid, data.test)]
    assert sum(int(mask.sum()) for mask in masks) == len(table) - 1


def test_daily_dates_are_whole_days(tmp_path: Path) -> None:
    days = load(write(tmp_path / "a.csv", rows()), time="when")
    dates = [[row[0], f"2026-01-{1 + float(row[1]):02.0f}", *row[2:]] for row in rows()]
    compact = [[row[0], row[1].replace("-", ""), *row[2:]] for row in dates]
    seconds = [[row[0], f"{1718000000 + 86400 * int(float(row[1]))}", *row[2:]] for row in rows()]
    assert set(np.unique(days.train.elapsed)) == {0, 0.5, 1, 1.5}, "the median gap of two days is 1"
    assert days.spec.clock == (False, 2, 1)
    for table, clock in ((dates, (True, 172800, 1)), (compact, (True, 172800, 1)), (seconds, (False, 172800, 1))):
        data = load(write(tmp_path / "b.csv", table), time="when")
        assert changed(days, data) == {"spec"} and data.spec.clock == clock


def test_the_unit_of_time_learns_nothing_from_the_test(path: Path, tmp_path: Path) -> None:
    before = load(path, time="when")
    in_test = heights(load(path, scaled=False))[2]
    table = [[row[0], f"{1000 * float(row[1])}", *row[2:]] if float(row[3]) in in_test else row for row in rows()]
    assert changed(before, load(write(tmp_path / "b.csv", table), time="when")) == {"test.elapsed"}


def test_without_validation_the_last_epoch_counts(path: Path) -> None:
    data = load(path, valid=0)
    assert data.valid is None and data.selection == "last"


def test_through_the_door(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LTCBENCH_DATASETS", str(tmp_path / "datasets"))
    options = {"path": str(path), "id": "who", "values": ["speed"], "label": "kind"}
    first, second = (tasks.load("csv", **options) for _ in range(2))
    assert not changed(first, second) and first.spec == second.spec and first.source == "own"
    assert tasks.checksums("csv", **options) == first.checksums
    write(path, [[*row[:2], "7", *row[3:]] for row in rows()])
    assert (tasks.load("csv", **options).test.x <= 0).all(), "the cache knows that the file is another"
    with pytest.raises(UserError, match="no synthetic data for csv"):
        tasks.load("csv", source="synthetic")
    with pytest.raises(UserError, match=r"task\.path is not set"):
        tasks.load("csv")
    with pytest.raises(UserError, match=r"cannot read .*nowhere.csv"):
        tasks.load("csv", path="nowhere.csv")
    with pytest.raises(UserError, match=r"cannot read ~nobody.*/my.csv"):
        tasks.load("csv", path="~nobody-of-this-name/my.csv")


def short(path: Path, **options: Any) -> SequenceData:
    """One recording of ten rows, none scaled."""
    settings = {"values": ["a"], "label": "b", "kind": "regress", "scaled": False, "path": str(path), **options}
    return csv.load({"table": path}, {}, **settings)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Ten rows, two hours apart; ``a`` and the target ``b`` number them."""
    return write(
        tmp_path / "r.csv", [[f"2026-01-01 {2 * row:02}:00", str(row), f"{row}"] for row in range(10)], "t,a,b"
    )


def test_without_an_id_the_table_is_one_recording(recording: Path) -> None:
    data = short(recording, time="t", valid=0.2)
    assert_form(data)
    assert [split.x[..., 0].tolist() for split in (data.train, data.valid, data.test)] == [
        [[0, 1, 2, 3, 4, 5]],
        [[6, 7, 0, 0, 0, 0]],
        [[8, 9, 0, 0, 0, 0]],
    ]
    assert data.test.mask.tolist() == [[True, True, False, False, False, False]]
    assert data.test.y[..., 0].tolist() == [[8, 9, 0, 0, 0, 0]]
    assert data.train.elapsed.tolist() == [[0, 1, 1, 1, 1, 1]] and data.test.elapsed.tolist() == [[0, 1, 0, 0, 0, 0]]


def test_no_window_of_a_recording_crosses_a_border(recording: Path) -> None:
    data = short(recording, window=4, stride=3, valid=0, test=0.5)
    assert data.valid is None and data.selection == "last"
    assert data.train.x[..., 0].tolist() == [[0, 1, 2, 3], [3, 4, 0, 0]]
    assert data.test.x[..., 0].tolist() == [[5, 6, 7, 8], [8, 9, 0, 0]]
    assert data.test.elapsed.tolist() == [[1, 1, 1, 1], [1, 1, 0, 0]], "without times every row is one unit"


def test_a_recording_has_its_rows_in_order_of_time_across_the_borders(recording: Path) -> None:
    recording.write_text(recording.read_text().replace("01-01 16:00", "01-01 13:00"))
    with pytest.raises(UserError, match="line 10, column t: '2026-01-01 13:00': before the time above"):
        short(recording, time="t", valid=0.2)


@pytest.mark.parametrize("shares", [{"valid": 0.01}, {"test": 0}, {"test": 0.9}, {"valid": 0.5, "test": 0.5}])
def test_each_part_of_a_recording_has_a_row(recording: Path, shares: dict[str, float]) -> None:
    with pytest.raises(UserError, match="leave a part without any row, of which the table has 10: expected at least"):
        short(recording, **shares)


def test_a_single_sequence_may_be_a_recording(recording: Path) -> None:
    recording.write_text(recording.read_text().replace("2026", "one,2026").replace("t,a,b", "id,t,a,b"))
    with pytest.raises(UserError, match=r"without any sequence, of which the table has 1: .* leave task.id out"):
        short(recording, id="id")


def trials(path: Path) -> Path:
    """Six subjects with two trials of three rows each; ``a`` numbers the rows, ``k`` is the trial."""
    cells = [[f"p{row // 6}", str(row // 3 % 2), str(row % 3), str(row), "xy"[row // 3 % 2]] for row in range(36)]
    return write(path / "trials.csv", cells, "subject,trial,t,a,k")


def test_two_columns_name_a_sequence_together(tmp_path: Path) -> None:
    data = short(trials(tmp_path), id=["subject", "trial"], time=["t"], label="k", kind="classify_sequence")
    assert_form(data)
    splits = [data.train, data.valid, data.test]
    assert [len(split) for split in splits] == [9, 1, 2] and data.train.mask is None
    rows = np.concatenate([split.x[..., 0] for split in splits])
    assert sorted(rows.tolist()) == np.arange(36).reshape(12, 3).tolist()
    for split in splits:
        assert (split.y == split.x[:, 0, 0] // 3 % 2).all() and (split.elapsed == [0, 1, 1]).all()


def test_the_texts_of_two_columns_do_not_run_into_each_other(tmp_path: Path) -> None:
    names = [("a", "bc"), ("ab", "c"), ("a b", "c"), ("a", "b c"), ("", "abc"), ("x", "y")]
    table = [[first or "-", second, str(number), "x"] for number, (first, second) in enumerate(names)]
    data = short(write(tmp_path / "n.csv", table, "i,j,a,b"), id=["i", "j"], label="a", valid=0.2)
    assert data.spec.length == 1 and sum(data.spec.sizes) == 6


def test_the_split_may_be_by_one_of_the_columns(tmp_path: Path) -> None:
    path, options = trials(tmp_path), {"id": ["subject", "trial"], "label": "k", "kind": "classify_step"}
    data = short(path, split_by="subject", **options)
    people = [set((split.x[..., 0] // 6).ravel().tolist()) for split in (data.train, data.valid, data.test)]
    assert [len(found) for found in people] == [4, 1, 1] and len(set.union(*people)) == 6
    one = short(path, id="subject", label="k", kind="classify_step")
    assert people[2] == set((one.test.x[..., 0] // 6).ravel().tolist()), "the same subjects as with task.id=subject"
    both = short(path, split_by=["subject", "trial"], **options)
    assert not changed(both, short(path, **options)) and changed(both, data)
    with pytest.raises(UserError, match="line 5, column trial: '1': another text than above in the same sequence"):
        short(path, id="subject", split_by="trial", label="k", kind="classify_step")
    with pytest.raises(UserError, match="any k of its own, of which the table has 2"):
        short(path, split_by="k", **options)


def test_a_list_of_one_column_is_that_column(path: Path) -> None:
    lists = {"id": ["who"], "time": ["when"], "label": ["kind"], "split_by": []}
    assert not changed(load(path, time="when"), load(path, **lists))
    assert not changed(load(path, values=["speed"]), load(path, values="speed"))


def test_columns_may_be_named_by_numbers(tmp_path: Path) -> None:
    named = write(tmp_path / "a.csv", rows())
    numbered = write(tmp_path / "b.csv", rows(), "0,1,2,3,4,null,1e3")
    options = {"id": "0", "time": "1", "values": ["2", "3"], "label": "null"}
    assert not changed(load(named, time="when"), load(numbered, **options))
    with pytest.raises(UserError, match=r"unknown column of .*b.csv '7': expected one of 0, 1, 1e3, 2"):
        load(numbered, **{**options, "id": "7"})
    other = write(tmp_path / "c.csv", rows(), "00,1_000,-01,3,4,5,6")
    for read, name in (("0", "00"), ("1000", "1_000"), ("-1", "-01")):
        with pytest.raises(UserError, match=f"'{read}': did you mean {name}, .* 'task.id=\"{name}\"'"):
            load(other, id=read)


def test_no_window_begins_behind_the_end(tmp_path: Path) -> None:
    cells = [[f"s{row // 10}", str(row), "xy"[row // 10 % 2]] for row in range(50)]
    options = {"id": "id", "label": "k", "kind": "classify_sequence", "valid": 0.2, "test": 0.4}
    data = short(write(tmp_path / "s.csv", cells, "id,a,k"), window=2, stride=7, **options)
    assert_form(data)
    assert data.spec.sizes == (4, 2, 4) and data.test.mask is None
    assert all(
        (split.x[:, :, 0] % 10 == [[0, 1], [7, 8]] * (len(split) // 2)).all() for split in (data.train, data.test)
    )


def test_a_window_without_any_input_is_left_out(recording: Path) -> None:
    recording.write_text(recording.read_text().replace("02:00,1,", "02:00,,").replace("00:00,0,", "00:00,,"))
    data = short(recording, window=2, valid=0.2)
    assert_form(data)
    assert data.train.x[..., 0].tolist() == [[2, 3], [4, 5]] and data.train.mask is None


@pytest.mark.parametrize(
    ("column", "options"), [("a", {}), ("b", {"kind": "classify_step", "label": "b", "time": "t"})]
)
def test_a_part_in_which_nothing_counts_is_told(recording: Path, column: str, options: dict[str, Any]) -> None:
    lines = recording.read_text().splitlines()
    lines[9:] = [line.replace(",8,8", ",8," if column == "b" else ",,8") for line in lines[9:]]
    lines[9:] = [line.replace(",9,9", ",9," if column == "b" else ",,9") for line in lines[9:]]
    recording.write_text("\n".join(lines))
    with pytest.raises(UserError, match=r"the part test has \d sequences and not a single target: see to the labels"):
        targets.checked(short(recording, valid=0.2, **options), None)


def test_codes_for_missing_are_no_inputs_no_classes_and_no_targets(tmp_path: Path) -> None:
    cells = [[str(row), str(row), "xy"[row % 2]] for row in range(10)]
    cells[1][1], cells[2][1], cells[3][2], cells[4][1] = "-200", "-200.0", "Not Known", "-2e2"
    path = write(tmp_path / "m.csv", cells, "t,a,b")
    options = {"valid": 0.2, "missing": ["-200", "not known"], "label": "b", "kind": "classify_step"}
    data = short(path, **options)
    assert_form(data, unlabelled=True)
    assert data.train.x[..., 0].tolist() == [[0, 0, 0, 3, 0, 5]] and data.train.y.tolist() == [[0, 1, 0, -1, 0, 1]]
    assert data.train.mask.tolist() == [[[True], [False], [False], [True], [False], [True]]]
    assert data.spec.labels == ("x", "y")
    numbers = short(path, missing="-200", label="a", kind="regress", values=["t"]).train.y[0, :, 0]
    np.testing.assert_array_equal(numbers, [0, np.nan, np.nan, 3, np.nan, 5, 6])
    write(path, [["0", "0", "1"], *([str(row), "0", "1"] for row in range(1, 10))], "t,time,b")
    data = short(path, id="t", time="time", missing=["0"], values=["t", "b"], label="b")
    assert sum(data.spec.sizes) == 10, "the name of a sequence and a time may be 0 though an input may not"


BLANKS = "   "
AIR = f"""Date;Time;Gas(x);T;RH;;
10/03/2004;18.00.00;2,6;13,6;48,9;;
10/03/2004;19.30.00;2;13,3;47,7;;

{BLANKS}
10/03/2004;20.00.00;-200;11,9;54,0;;
;;;;;;
11/03/2004;00.00.00;-200,0;11;60,0;;
31/12/2004;00.00.00;,5;11,2;59,6;;;;
;;;;;;
"""
STATION = {"values": ["Gas(x)", "RH"], "label": "T", "separator": ";", "decimal": ",", "missing": ["-200"]}
WHEN = {"time": ["Date", "Time"], "time_format": "%d/%m/%Y %H.%M.%S", "time_unit": "minutes"}


@pytest.mark.parametrize(("begin", "end"), [("", "\n"), ("\ufeff", "\r\n"), ("\n;;\n", "\r")])
def test_a_continental_table(tmp_path: Path, begin: str, end: str) -> None:
    path = tmp_path / "air.csv"
    path.write_bytes((begin + AIR).replace("\n", end).encode())
    data = short(path, **STATION, **WHEN, valid=0)
    assert_form(data)
    np.testing.assert_array_equal(data.train.x, np.float32([[[2.6, 48.9], [2, 47.7], [0, 54], [0, 60]]]))
    np.testing.assert_array_equal(data.train.y, np.float32([[[13.6], [13.3], [11.9], [11]]]))
    assert data.train.elapsed.tolist() == [[0, 90, 30, 240]] and data.train.mask[..., 0].tolist() == [[1, 1, 0, 0]]
    np.testing.assert_array_equal(data.test.x[:, :1], np.float32([[[0.5, 59.6]]]))


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("1.234,5", "'1.234,5': expected a number or an empty cell; mend it, or set .* task.decimal .now ,."),
        ("2.6", "'2.6': expected a number or an empty cell"),
        ("2,6,1", "'2,6,1': expected a number"),
    ],
)
def test_with_a_decimal_comma_a_point_is_no_sign_of_a_number(tmp_path: Path, cell: str, told: str) -> None:
    path = tmp_path / "air.csv"
    path.write_text(AIR.replace("2,6", cell))
    with pytest.raises(UserError, match=rf"line 2, column Gas\(x\): {told}"):
        short(path, **STATION)


@pytest.mark.parametrize(
    ("separator", "options"),
    [("\t", ["tab", "\\t", "\t"]), (" ", ["blank", " "]), (";", ["semicolon"]), ("|", ["pipe", "|"]), (",", ["comma"])],
)
def test_separators_have_names(path: Path, tmp_path: Path, separator: str, options: list[str]) -> None:
    other = write(tmp_path / "b.csv", [], path.read_text().replace("runner ", "runner_").replace(",", separator))
    path.write_text(path.read_text().replace("runner ", "runner_"))
    for option in options:
        assert not changed(load(path), load(other, separator=option))


@pytest.mark.parametrize("separator", ["", ";;", "tabs", '"', "\n", "12"])
def test_what_is_no_separator(path: Path, separator: str) -> None:
    with pytest.raises(UserError, match=r"is no separator: expected one character, or comma, .*task.separator=tab"):
        load(path, separator=separator)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"decimal": ","}, "task.decimal and task.separator are both ','"),
        ({"decimal": "point", "separator": "."}, "task.decimal and task.separator are both '.'"),
        ({"decimal": ";"}, "task.decimal=';' is no decimal sign: expected . or ,"),
    ],
)
def test_what_is_no_decimal_sign(path: Path, options: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=told):
        load(path, **options)


def test_a_quoted_cell_may_go_over_lines(path: Path) -> None:
    lines = path.read_text().splitlines()
    lines[1] = lines[1].replace("runner 0", '"runner 0\n\n"')
    lines[3] = lines[3].replace("runner 0", '"runner\n0"').replace("A", '"A,\nB"')
    path.write_text("\n".join(lines))
    assert load(path, kind="classify_step").spec.labels == ("A", "A,\nB", "B")
    lines[4] = "runner 0,3,fast,2,up,A,0.2"
    path.write_text("\n".join(lines))
    with pytest.raises(UserError, match="line 9, column speed: 'fast'"):
        load(path)


def test_a_window_longer_than_everything_is_as_long_as_the_longest(path: Path) -> None:
    assert not changed(load(path), load(path, window=10**15, stride=10**30))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"id": "whom"}, "unknown column of .*my.csv 'whom': did you mean who"),
        ({"id": None}, "task.id is not set, but task.kind=classify_sequence needs"),
        ({"id": []}, "task.id is not set, but task.kind=classify_sequence needs"),
        ({"id": None, "kind": "regress", "split_by": "who"}, "task.split_by=who splits sequences, but task.id is not"),
        ({"values": ["speed", "height", "speed"]}, "task.values names the column speed twice"),
        ({"label": ["next", "next"], "kind": "regress"}, "task.label names the column next twice"),
        ({"id": ["who", ""]}, "task.id names a column ''"),
        (
            {"values": ["speed", "kind"]},
            "line 2, column kind: 'A': expected a number or an empty cell; mend it, or set",
        ),
        ({"values": []}, "task.values is not set"),
        ({"label": None}, "task.label is not set: .* 'task.label=\"null\"' if it is called null"),
        ({"values": ["speed", "state"]}, "line 2, column state: '.*': expected a number or an empty cell"),
        ({"kind": "classify"}, "unknown task.kind 'classify'"),
        ({"label": "state"}, "line .*, column state: '.*': another class than above"),
        ({"label": ["kind", "state"]}, r"names 2 columns, expected one"),
        ({"label": "who", "kind": "regress"}, "line 2, column who: 'runner 0': expected a number."),
        ({"time": "kind"}, "line 2, column kind: 'A': expected a number or a date"),
        ({"time": "speed"}, "column speed: '.*': before the time above"),
        ({"window": 0}, "task.window=0 is no number of steps"),
        ({"stride": -1}, "task.stride=-1 is no number of steps"),
        ({"test": 1.0}, "task.test=1.0 is not a share"),
        ({"test": 0.0}, "leave a part without any"),
        ({"valid": 0.01}, "leave a part without any"),
        ({"separator": ";"}, "unknown column of"),
        ({"separator": ";;"}, "task.separator=';;' is no separator: .*, e.g. task.separator=tab"),
    ],
)
def test_impossible_settings(path: Path, options: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=told):
        load(path, **options)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("runner 0,3,1.0,2,up,A", "line 4: 6 cells, expected 7"),
        ("runner 0,3,1.0,2,up,A,0.2,,4", "line 4: 9 cells, expected 7"),
        ("runner 0,3,1_0,2,up,A,0.2", "line 4, column speed: '1_0': expected a number or an empty cell"),
        ("runner 0,3,１０,2,up,A,0.2", "line 4, column speed: '１０': expected a number or an empty cell"),
        ("runner 0,3,0x1,2,up,A,0.2", "line 4, column speed: '0x1': expected a number or an empty cell"),
        ("runner 0,3,1e999,2,up,A,0.2", "line 4, column speed: '1e999': too large, expected a number of at most 3.4e"),
        ("runner 0,3,-1e39,2,up,A,0.2", "line 4, column speed: '-1e39': too large"),
        ("runner 0,3,fast,2,up,A,0.2", "line 4, column speed: 'fast': expected a number or an empty cell"),
        ("runner 0,3,inf,2,up,A,0.2", "line 4, column speed: 'inf': expected a number"),
        (",3,1.0,2,up,A,0.2", "line 4, column who: '': expected a name"),
        ("runner 0,0,1.0,2,up,A,0.2", "line 4, column when: '0': before the time above"),
        ("runner 0,,1.0,2,up,A,0.2", "line 4, column when: '': expected a number"),
        ("runner 0,3,1.0,2,up,,0.2", "line 4, column kind: '': expected a name"),
        ("runner 0,3,1.0,2,up,B,0.2", "line 4, column kind: 'B': another class than above"),
    ],
)
def test_a_broken_line_is_named(path: Path, line: str, told: str) -> None:
    lines = path.read_text().splitlines()
    lines[3] = line
    path.write_text("\n".join(lines))
    with pytest.raises(UserError, match=f"my.csv, {told}"):
        load(path, time="when")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "has no rows"),
        (HEADER.encode(), "has no rows"),
        (b"\n , ,\n", "has no rows"),
        (b"who,speed,height,kind,speed\na,1,2,3,4\n", "has two columns 'speed'"),
        (b"\xff\xfe\x00,\n1,2\n", "not a text table"),
        (HEADER.encode() + b"\na,1,1,1,u,A,1\nb,1,,1,u,A,1\n", "1 different classes, expected at least two"),
    ],
)
def test_other_tables(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "my.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=f"my.csv.* {told}"):
        load(path)


def test_a_column_without_any_number_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "my.csv", [[*row[:2], "", *row[3:]] for row in rows()])
    with pytest.raises(UserError, match="column speed is empty in all training sequences"):
        load(path)


def test_targets_of_later_rows_never_cross_a_border(recording: Path, path: Path) -> None:
    data = short(recording, valid=0.2, horizon=2)
    nan = np.nan
    for split, x, y in (
        (data.train, [0, 1, 2, 3, 4, 5], [2, 3, 4, 5, nan, nan]),
        (data.test, [8, 9, 0, 0, 0, 0], [nan, nan, 0, 0, 0, 0]),
    ):
        np.testing.assert_array_equal(split.x[0, :, 0], x)
        np.testing.assert_array_equal(split.y[0, :, 0], y)
    with pytest.raises(UserError, match=r"task.horizon=6 leaves no row a target: .* more than 6 rows"):
        short(recording, valid=0.2, horizon=6)
    sequences = load(path, kind="classify_step", label="state", horizon=1)
    for split in (sequences.train, sequences.test):
        assert ((split.y == -1).sum(axis=1) == 1).all(), "the last step of each sequence"
    numbers = load(path, label=None, target="next", horizon=1, scaled=False)
    assert numbers.test.y[0, 0, 0] == pytest.approx(numbers.test.x[0, 1, 1] / 10)


def test_the_last_known_number_is_that_of_the_row_or_of_the_row_before(recording: Path) -> None:
    now, later = (short(recording, test=0.4, valid=0, horizon=horizon).last_known for horizon in (0, 1))
    assert now is not None and later is not None
    np.testing.assert_array_equal(now[0, :4, 0], [np.nan, 6, 7, 8])
    np.testing.assert_array_equal(later[0, :4, 0], [6, 7, 8, 9])


def test_numbers_to_predict_are_scaled_and_their_metric_is_not(path: Path) -> None:
    raw, scaled = (load(path, label=None, target=["next", "height"], scaled=scaled) for scaled in (False, True))
    mean, deviation = map(np.array, scaled.spec.target_scaling)
    train = raw.train.y[raw.train.mask]
    np.testing.assert_allclose([mean, deviation], [train.mean(0), train.std(0)], rtol=1e-5)
    np.testing.assert_allclose(scaled.test.y * deviation + mean, np.where(scaled.test.y, raw.test.y, mean), atol=1e-4)
    told = [baselines(data) for data in (raw, scaled)]
    assert told[0].keys() == told[1].keys() == {"constant", "last value", "linear"}
    assert told[0] == pytest.approx(told[1], rel=1e-3, abs=1e-6)


def test_one_recording_is_cut_into_windows_and_sequences_are_not(path: Path, tmp_path: Path) -> None:
    long = write(tmp_path / "long.csv", [[str(row), str(row % 3)] for row in range(400)], "a,b")
    assert short(long).train.x.shape[1] == csv.WINDOW
    assert short(long, window=None).train.x.shape == (1, 280, 1)
    assert load(path).spec.length == 9


def test_stratified_parts_have_the_share_of_every_class(tmp_path: Path) -> None:
    made = [[f"s{number}", str(row), "A" if number % 5 else "B"] for number in range(50) for row in range(2)]
    path = write(tmp_path / "s.csv", made, "who,speed,kind")
    data = load(path, values="speed", stratify=True)
    assert data.valid is not None
    assert [np.bincount(split.y).tolist() for split in (data.train, data.valid, data.test)] == [[28, 7], [4, 1], [8, 2]]
    grouped = write(tmp_path / "g.csv", [[*row, "one" if row[2] == "A" else "two"] for row in made], "who,speed,kind,g")
    with pytest.raises(UserError, match=r"has sequences of two classes; set task.stratify=false"):
        load(
            write(grouped, [[*row, f"g{int(row[0][1:]) % 7}"] for row in made], "who,speed,kind,g"),
            values="speed", split_by="g", stratify=True,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"horizon": -1}, "task.horizon=-1 looks back: expected 0"),
        ({"horizon": 1}, "task.horizon=1 is for a target at every step: set task.kind=classify_step or task.target"),
        ({"target": "next"}, "task.label and task.target are both set"),
        ({"target": "next", "label": None, "kind": "classify_step"}, "task.target is for numbers, not for task.kind"),
        ({"target": [], "label": None}, "task.target is not set"),
        (
            {"kind": "classify_step", "label": "state", "stratify": True},
            "task.stratify=true needs a class for each seq",
        ),
    ],
)
def test_impossible_settings_of_targets(path: Path, options: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=told):
        load(path, **options)
