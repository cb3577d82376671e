import tarfile
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from ltcbench.errors import UserError
from ltcbench.settings import groups
from ltcbench.tasks import physionet
from ltcbench.tasks.splitting import by_name
from tests.tasks.checks import assert_form, changed, load

# fmt: off
VARIABLES = [
    "Age", "Gender", "Height", "ICUType", "Weight", "Albumin", "ALP", "ALT", "AST",
    "Bilirubin", "BUN", "Cholesterol", "Creatinine", "DiasABP", "FiO2", "GCS", "Glucose", "HCO3",
    "HCT", "HR", "K", "Lactate", "Mg", "MAP", "MechVent", "Na", "NIDiasABP",
    "NIMAP", "NISysABP", "PaCO2", "PaO2", "pH", "Platelets", "RespRate", "SaO2", "SysABP",
    "Temp", "TroponinI", "TroponinT", "Urine", "WBC",
]
# fmt: on
OUTCOMES = "RecordID,SAPS-I,SOFA,Length_of_stay,Survival,In-hospital_death\n"
IDS = [str(132539 + number) for number in range(60)]
TEST_IDS = [name for name, chosen in zip(IDS, by_name(IDS, [0.2])[0], strict=True) if chosen]
BARE = IDS[7]  # has descriptors only
VICTIM = IDS[30]


def write(folder: Path, other_values: bool = False, other_outcomes: bool = False) -> dict[str, Path]:
    """Made-up stays whose weight at admission is their own; those of the test can have other values or outcomes."""
    (folder / "set-a").mkdir(exist_ok=True)
    files = {"Outcomes-a.txt": folder / "Outcomes-a.txt"}
    outcomes = OUTCOMES
    for number, name in enumerate(IDS):
        rng = np.random.default_rng(number)
        scale = 100 if other_values and name in TEST_IDS else 1
        lines = [f"00:00,RecordID,{name}", f"00:00,Age,{20 + number}", f"00:00,Gender,{number % 2}"]
        lines += [f"00:00,ICUType,{1 + number % 4}"]
        lines += [f"00:00,Height,{-1 if number % 3 else 170}", f"00:00,Weight,{scale * (40 + number)}"]
        for minute in [] if name == BARE else np.sort(rng.choice(np.arange(0, 2881), 15 + number % 40)):
            for variable in rng.choice(VARIABLES[5:], 3):  # one may come twice
                lines.append(f"{minute // 60:02}:{minute % 60:02},{variable},{scale * rng.uniform(1, 50):.2f}")
        path = folder / "set-a" / f"{name}.txt"
        path.write_text("Time,Parameter,Value\n" + "\n".join(lines) + "\n")
        files[f"set-a/{name}.txt"] = path
        died = (number % 4 == 0) ^ (other_outcomes and name in TEST_IDS)
        outcomes += f"{name},6,1,5,-1,{int(died)}\n"
    files["Outcomes-a.txt"].write_text(outcomes)
    return files


def authors(files: dict[str, Path]) -> dict[str, dict[str, np.ndarray]]:
    """What the authors' loader and training step make of the files, line by line."""
    died = {}
    for line in files["Outcomes-a.txt"].read_text().splitlines()[1:]:
        died[line.split(",")[0]] = int(float(line.split(",")[5]))
    place = {name: number for number, name in enumerate(VARIABLES)}
    stays = []
    for file in sorted(name for name in files if name.startswith("set-a")):
        times, values = [0.0], [{}]
        for line in files[file].read_text().splitlines()[1:]:
            time, parameter, value = line.split(",")
            hours, minutes = time.split(":")
            rounded = round((float(hours) + float(minutes) / 60.0) / 0.016) * 0.016
            if rounded != times[-1]:
                times.append(rounded)
                values.append({})
            if parameter != "RecordID":
                mean, count = values[-1].get(place[parameter], (np.float32(0), np.float32(0)))
                mean = (mean * count + np.float32(float(value))) / (count + np.float32(1))
                values[-1][place[parameter]] = mean, count + np.float32(1)
        x, mask = np.zeros((len(times), 41), np.float32), np.zeros((len(times), 41), bool)
        for moment, found in enumerate(values):
            for variable, (mean, _) in found.items():
                x[moment, variable], mask[moment, variable] = mean, True
        stays.append((Path(file).stem, np.array(times, np.float32), x, mask))

    low, high = np.full(41, np.inf, np.float32), np.full(41, -np.inf, np.float32)
    for _, _, x, mask in stays:
        low = np.minimum(low, np.where(mask, x, np.inf).min(axis=0))
        high = np.maximum(high, np.where(mask, x, -np.inf).max(axis=0))
    high[high == 0] = 1

    made = {}
    for part, chosen in zip(("train", "test"), train_test_split(stays, train_size=0.8, random_state=42), strict=True):
        size = len(chosen)
        arrays = {
            "x": np.zeros((size, 203, 41), np.float32),
            "mask": np.zeros((size, 203, 41), bool),
            "elapsed": np.zeros((size, 203), np.float32),
            "y": np.zeros(size, np.int64),
        }
        for row, (name, times, x, mask) in enumerate(chosen):
            length = len(times)
            arrays["x"][row, :length] = (x - low) / high
            arrays["mask"][row, :length] = mask
            stored = np.zeros(203, np.float32)
            stored[1:length] = times[:1] - times[:-1]
            arrays["elapsed"][row, 1:] = stored[1:] - stored[:-1]
            arrays["y"][row] = died[name]
        made[part] = arrays
    return made


def assert_paper(files: dict[str, Path]) -> None:
    data = load(physionet, files)
    assert_form(data, backward=True)
    for part, arrays in authors(files).items():
        for name, expected in arrays.items():
            np.testing.assert_array_equal(getattr(getattr(data, part), name), expected)
    assert data.valid is None and data.selection == "last"


@pytest.fixture(scope="module")
def real(mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("physionet")
    with tarfile.open(mirror / "physionet" / "set-a.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    files = {path.relative_to(folder).as_posix(): path for path in folder.glob("set-a/*.txt")}
    return {**files, "Outcomes-a.txt": mirror / "physionet" / "Outcomes-a.txt"}


@pytest.mark.slow
def test_paper_is_the_authors_loader(real: dict[str, Path]) -> None:
    assert_paper(real)


def test_paper_is_the_authors_loader_on_a_small_set(tmp_path: Path) -> None:
    assert_paper(write(tmp_path))


def test_the_time_bug_is_minus_the_gap_one_step_late(tmp_path: Path) -> None:
    files = write(tmp_path)
    right, wrong = (load(physionet, files, "clean", time_bug=bug).train for bug in (False, True))
    for gaps, seen, mask in zip(right.elapsed, wrong.elapsed, right.mask, strict=True):
        length = int(mask.any(-1).sum())
        np.testing.assert_allclose(seen[2:length], -gaps[1 : length - 1], atol=1e-5)
        assert not seen[:2].any() and not seen[length + 1 :].any()
        assert seen[length] == pytest.approx(gaps[: length - 1].sum(), abs=1e-4)


def test_counts_of_the_real_set(real: dict[str, Path]) -> None:
    data = load(physionet, real, "clean")
    assert_form(data)
    sizes = len(data.train), len(data.valid), len(data.test)
    assert sizes == (2800, 400, 800)
    deaths = sum(int(split.y.sum()) for split in (data.train, data.valid, data.test))
    assert deaths == 554
    moments = np.concatenate([split.mask.any(-1).sum(1) for split in (data.train, data.valid, data.test)])
    assert moments.max() == 203 and (moments == 1).sum() == 3


def test_clean_shares_no_stay(tmp_path: Path) -> None:
    data = load(physionet, write(tmp_path), "clean")
    assert_form(data)
    weights = [set(split.x[:, 0, 4].tolist()) for split in (data.train, data.valid, data.test)]
    assert [len(part) for part in weights] == [42, 6, 12]
    assert len(set.union(*weights)) == 60


def test_clean_learns_nothing_from_the_test_stays(tmp_path: Path) -> None:
    before = load(physionet, write(tmp_path), "clean")
    assert changed(before, load(physionet, write(tmp_path, other_values=True), "clean")) == {"test.x"}
    assert changed(before, load(physionet, write(tmp_path, other_outcomes=True), "clean")) == {"test.y"}


def test_clean_values_and_times(tmp_path: Path) -> None:
    data = load(physionet, write(tmp_path), "clean")
    for f in range(41):
        values = data.train.x[..., f][data.train.mask[..., f]]
        assert len(np.unique(values)) == 1 or (values.min(), values.max()) == (0, 1)
    assert not data.test.x[~data.test.mask].any()
    assert not data.train.mask[:, 0, 2].all(), "an unknown height is missing"
    hours = data.train.elapsed.sum(1)
    assert hours.max() <= 48 and hours.min() >= 0


def test_the_protocol_of_shukla_and_marlin(tmp_path: Path) -> None:
    """Their two splits in a row, over the same test stays."""
    files = write(tmp_path)
    whole, data = load(physionet, files), load(physionet, files, no_validation=False, seeded_validation=True)
    train, valid = train_test_split(np.arange(len(whole.train)), train_size=0.8, random_state=11, shuffle=True)
    for part, chosen in ((data.train, train), (data.valid, valid)):
        for name in ("x", "y", "elapsed", "mask"):
            np.testing.assert_array_equal(getattr(part, name), getattr(whole.train, name)[chosen])
    assert (len(data.train), len(data.valid), data.selection) == (38, 10, "best")
    assert changed(whole, load(physionet, files, seeded_validation=True)) == set()
    np.testing.assert_array_equal(data.test.x, whole.test.x)


@pytest.mark.parametrize("quirk", [quirk for quirk, on in groups.quirks("physionet", "paper").items() if on])
def test_each_quirk_changes_the_data(tmp_path: Path, quirk: str) -> None:
    files = write(tmp_path)
    assert changed(load(physionet, files), load(physionet, files, **{quirk: False}))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("00:07,HR", r"line 6: '00:07,HR': expected a time HH:MM, a parameter and a number"),
        ("00:07,HR,73,1", "line 6.*expected a time HH:MM, a parameter and a number"),
        ("00:07,HR,x", "line 6.*expected a time HH:MM, a parameter and a number"),
        ("00:07,HR,nan", "line 6.*expected a time HH:MM, a parameter and a number"),
        ("00.07,HR,73", "line 6.*expected a time HH:MM, a parameter and a number"),
        ("", "line 6: '': expected a time HH:MM, a parameter and a number"),
        ("00:00,Pulse,73", "line 6.*unknown parameter, expected one of the challenge's 41"),
        ("47:59,HR,73", "line 7.*the time is before that of the line above"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, told: str) -> None:
    files = write(tmp_path)
    path = files[f"set-a/{VICTIM}.txt"]
    lines = path.read_text().splitlines()
    lines[5] = line
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(UserError, match=f"{VICTIM}.txt, {told}"):
        load(physionet, files)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    files = write(tmp_path)
    path = files[f"set-a/{VICTIM}.txt"]
    whole = path.read_text()
    path.write_text(whole[: whole.rindex(",") + 1])
    with pytest.raises(UserError, match=f"{VICTIM}.txt, line .*expected a time"):
        load(physionet, files)
    for content in ("", "Time,Parameter,Value\n", whole.split("\n", 1)[1]):
        path.write_text(content)
        with pytest.raises(UserError, match=f"{VICTIM}.txt does not begin with the line Time,Parameter,Value"):
            load(physionet, files)
    path.unlink()
    with pytest.raises(UserError, match=f"cannot read .*{VICTIM}.txt"):
        load(physionet, files)


def test_a_stay_under_another_name_is_refused(tmp_path: Path) -> None:
    files = write(tmp_path)
    files[f"set-a/{VICTIM}.txt"].write_text(files[f"set-a/{IDS[0]}.txt"].read_text())
    with pytest.raises(UserError, match=f"{VICTIM}.txt, line 2: .*expected RecordID and {VICTIM}"):
        load(physionet, files)


def test_a_stay_with_too_many_moments_is_refused(tmp_path: Path) -> None:
    files = write(tmp_path)
    with files[f"set-a/{IDS[-1]}.txt"].open("a") as stream:
        stream.writelines(f"48:{minute:02},HR,70\n" for minute in range(60))
        stream.writelines(f"{49 + minute // 60}:{minute % 60:02},HR,70\n" for minute in range(200))
    with pytest.raises(UserError, match=f"{IDS[-1]}.txt has .* different times, expected 203"):
        load(physionet, files)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (f"{VICTIM},", f"{IDS[0]},", f"two outcomes for stay {IDS[0]}"),
        (f"{VICTIM},", "1,", f"no outcome for stay {VICTIM}"),
        (f"{VICTIM},6,1,5,-1,0", f"{VICTIM},6,1,5,-1,2", r"row 31: unknown label '2.0', expected one of 0, 1"),
        (f"{VICTIM},6", f"{VICTIM},x", "row 31, column 2: 'x' where a number"),
        (f"{VICTIM},6,", f"{VICTIM},", "row 31, column 6"),
    ],
)
def test_broken_outcomes(tmp_path: Path, before: str, after: str, told: str) -> None:
    files = write(tmp_path)
    path = files["Outcomes-a.txt"]
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, after))
    with pytest.raises(UserError, match=f"Outcomes-a.txt.* {told}"):
        load(physionet, files)
