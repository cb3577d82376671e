from pathlib import Path

import numpy as np
import pytest

from ltcbench.errors import UserError
from ltcbench.settings import groups
from ltcbench.tasks import cheetah
from tests.tasks.checks import Folder, assert_paper, changed, load


@pytest.fixture
def files(tmp_path: Path) -> Folder:
    """Made-up rollouts of 60 steps; the first observation numbers all steps of all rollouts."""
    for number in range(25):
        rollout = np.random.default_rng(number).normal(size=(60, 17))
        rollout[:, 0] = 60 * number + np.arange(60)
        np.save(tmp_path / f"trace_{number:04d}.npy", rollout)
    return Folder(tmp_path)


def authors(folder: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What the authors' loader makes of the files, step by step."""
    names = sorted(path.name for path in folder.iterdir() if path.name.endswith(".npy"))
    assert len(names) == 31
    parts = {}
    for part, chosen in {"train": names[15:25], "test": names[5:15], "valid": names[:5]}.items():
        x, y = [], []
        for name in chosen:
            rollout = np.load(folder / name).astype(np.float32)
            begin = 0
            while begin < 1000 - 32 - 1:
                x.append(rollout[begin : begin + 32])
                y.append(rollout[begin + 1 : begin + 33])
                begin += 10
        parts[part] = (np.stack(x, axis=1), np.stack(y, axis=1))
    return parts


def test_paper_is_the_authors_loader(mirror: Path) -> None:
    data = load(cheetah, Folder(mirror / "cheetah"))
    assert_paper(data, authors(mirror / "cheetah"))
    assert changed(data, load(cheetah, Folder(mirror / "cheetah"), "clean")) == {"final_epoch_counts"}


def test_no_step_of_a_part_is_in_another(files: Folder) -> None:
    data = load(cheetah, files, "clean")
    steps = [
        set(split.x[..., 0].ravel()) | set(split.y[..., 0].ravel()) for split in (data.train, data.valid, data.test)
    ]
    assert not steps[0] & steps[1] and not steps[0] & steps[2] and not steps[1] & steps[2]
    assert [len(step) for step in steps] == [10 * 53, 5 * 53, 10 * 53]  # the windows begin at 0, 10, 20


def test_the_target_is_the_next_observation(files: Folder) -> None:
    data = load(cheetah, files)
    np.testing.assert_array_equal(data.train.y[..., 0], data.train.x[..., 0] + 1)
    np.testing.assert_array_equal(data.train.y[:, :-1], data.train.x[:, 1:])


@pytest.mark.parametrize("quirk", groups.quirks("cheetah", "paper"))
def test_each_quirk_changes_the_data(files: Folder, quirk: str) -> None:
    assert changed(load(cheetah, files), load(cheetah, files, **{quirk: False})) == {"final_epoch_counts"}


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (np.zeros((60, 16)), r"shape \(60, 16\), expected \(length, 17\)"),
        (np.full((60, 17), np.nan), "not finite numbers"),
        (np.full((60, 17), "x"), "not finite numbers"),
        (np.full((60, 17), None), "not a plain .npy array"),
    ],
)
def test_a_broken_rollout_is_named(files: Folder, broken: np.ndarray, told: str) -> None:
    np.save(files["trace_0007.npy"], broken, allow_pickle=True)
    with pytest.raises(UserError, match=f"trace_0007.npy.*{told}"):
        load(cheetah, files)


@pytest.mark.parametrize("length", [0, 50, 1000])
def test_a_truncated_rollout_is_named(files: Folder, length: int) -> None:
    path = files["trace_0011.npy"]
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(UserError, match=r"trace_0011.npy is not a plain .npy array"):
        load(cheetah, files)


def test_a_missing_rollout_is_named(files: Folder) -> None:
    files["trace_0011.npy"].unlink()
    with pytest.raises(UserError, match=r"cannot read .*trace_0011.npy"):
        load(cheetah, files)
