import zipfile
from pathlib import Path

import numpy as np
import pytest

from ltcbench.errors import UserError
from ltcbench.tasks import walker
from tests.tasks.checks import PARTS, assert_form, changed, load, shared


@pytest.fixture(scope="module")
def files(mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("walker")
    with zipfile.ZipFile(mirror / "walker" / "walker.zip") as archive:
        archive.extractall(folder)
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.npy")}


@pytest.fixture
def made_up(tmp_path: Path) -> dict[str, Path]:
    """20 recordings of 60 to 155 steps; the first column numbers all rows of all recordings."""
    row = 0
    paths = {}
    for number in range(20):
        values = np.random.default_rng(number).normal(size=(60 + 5 * number, 17))
        values[:, 0] = np.arange(row, row + len(values))
        row += len(values)
        paths[f"walker/rollout_{number:03}.npy"] = tmp_path / f"{number}.npy"
        np.save(tmp_path / f"{number}.npy", values)
    return paths


def authors(files: dict[str, Path]) -> dict[str, tuple[np.ndarray, ...]]:
    """What the authors' loader makes of the recordings, step by step."""
    names = sorted(files)
    np.random.RandomState(125487).shuffle(names)
    edges = int(0.15 * len(names)), int(0.25 * len(names))
    rng = np.random.RandomState(891374)
    made = {}
    for part, chosen in (
        ("train", names[edges[1] :]),
        ("valid", names[edges[0] : edges[1]]),
        ("test", names[: edges[0]]),
    ):
        x, y, elapsed = [], [], []
        for name in chosen:
            rows = np.load(files[name])
            kept, waited = [], 0
            for step in range(len(rows) - 1):
                waited += 1
                if rng.rand() < 0.9:
                    kept.append((rows[step].astype(np.float32), rows[step + 1].astype(np.float32), waited))
                    waited = 0
            for begin in range(0, len(kept) - 64, 16):
                window = kept[begin : begin + 64]
                for made_so_far, column in zip((x, y, elapsed), zip(*window, strict=True), strict=True):
                    made_so_far.append(np.stack(column))
        made[part] = np.stack(x), np.stack(y), np.stack(elapsed)
    return made


def test_paper_is_the_authors_loader(files: dict[str, Path]) -> None:
    data = load(walker, files)
    assert_form(data)
    assert tuple(len(getattr(data, part)) for part in PARTS) == data.spec.sizes
    for part, expected in authors(files).items():
        split = getattr(data, part)
        for got, wanted in zip((split.x, split.y, split.elapsed), expected, strict=True):
            np.testing.assert_array_equal(got, wanted)
        assert split.mask is None
    assert data.selection == "last"


def test_no_recording_is_in_two_parts(made_up: dict[str, Path]) -> None:
    for protocol in ("paper", "clean"):
        assert shared(load(walker, made_up, protocol), column=0) == set()


def test_the_target_is_the_true_next_row(made_up: dict[str, Path]) -> None:
    data = load(walker, made_up)
    np.testing.assert_array_equal(data.train.y[..., 0], data.train.x[..., 0] + 1)
    assert (np.diff(data.train.x[..., 0], axis=1) == data.train.elapsed[:, 1:]).all()
    assert data.train.elapsed.max() > 1


def test_the_quirk_changes_the_selection_alone(made_up: dict[str, Path]) -> None:
    paper, clean = load(walker, made_up), load(walker, made_up, "clean")
    assert changed(paper, clean) == {"selection"}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (np.zeros((100, 16)), r"shape \(100, 16\), expected \(length, 17\)"),
        (np.zeros((0, 17)), r"shape \(0, 17\)"),
        (np.full((100, 17), np.nan), "not finite"),
        (np.array([None]), "not a plain .npy"),
        (np.array([["1.0"] * 17] * 100), "not finite numbers"),
    ],
)
def test_a_broken_recording_is_named(made_up: dict[str, Path], values: np.ndarray, told: str) -> None:
    np.save(made_up["walker/rollout_007.npy"], values)
    with pytest.raises(UserError, match=f"7.npy .*{told}"):
        load(walker, made_up)


def test_a_cut_recording_is_named(made_up: dict[str, Path]) -> None:
    path = made_up["walker/rollout_007.npy"]
    for content in (path.read_bytes()[:5000], b""):
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"7\.npy is not a plain \.npy"):
            load(walker, made_up)
