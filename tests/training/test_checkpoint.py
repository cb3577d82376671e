"""A checkpoint that is damaged, or another network's."""

import io
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from ltcbench.errors import Failure
from ltcbench.training import checkpoint

from .test_loop import network, train


class Evil:
    """Would make a file when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("evil",)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    train(network(), tmp_path, epochs=2)
    return tmp_path / "checkpoint.pt"


def content(**changed: Any) -> Callable[[bytes], bytes]:
    """What would have been saved with other progress."""

    def of(whole: bytes) -> bytes:
        saved = torch.load(io.BytesIO(whole), weights_only=True)
        saved["progress"] |= changed
        out = io.BytesIO()
        torch.save(saved, out)
        return out.getvalue()

    return of


def flipped(whole: bytes) -> bytes:
    """With another sign of a weight."""
    weights = max(torch.load(io.BytesIO(whole), weights_only=True)["network"].values(), key=torch.numel)
    place = whole.index(weights.numpy().tobytes()) + 3
    return whole[:place] + bytes([whole[place] ^ 128]) + whole[place + 1 :]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda whole: b"",
    "cut": lambda whole: whole[: len(whole) // 2],
    "cut by little": lambda whole: whole[:-10],
    "zeros": lambda whole: bytes(len(whole)),
    "noise": lambda whole: bytes(range(256)) * 20,
    "a pickle": lambda whole: pickle.dumps(Evil()),
    "a flipped bit in the weights": flipped,
    "a list": lambda whole: pickle.dumps([1, 2]),
    "an epoch of text": content(epoch="2"),
    "epochs that are not there": content(epoch=7),
    "a best epoch that is not there": content(best_epoch=3),
    "no history": content(history=None),
    "a member more": content(more=1),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_checkpoint_is_told(
    damage: Callable[[bytes], bytes], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(Failure, match=f"^{path} cannot be read .*force=true"):
        train(network(), path.parent, epochs=3)
    assert [file.name for file in path.parent.iterdir()] == ["checkpoint.pt"]


def test_a_folder_in_its_place_is_told_and_a_link_to_itself_is_replaced(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)
    assert train(network(), path.parent, epochs=2).status == "finished"
    assert path.is_file() and not path.is_symlink()
    path.unlink()
    path.mkdir()
    with pytest.raises(Failure, match="cannot be read"):
        train(network(), path.parent, epochs=3)


def test_what_was_saved_is_read(path: Path) -> None:
    progress = checkpoint.read(path)["progress"]
    assert progress.epoch == len(progress.history) == 2
    assert progress.best_weights.keys() == network().state_dict().keys()


@pytest.mark.parametrize(("seconds", "flushed"), [(0.05, 0), (2.0, 1)])
def test_a_checkpoint_after_a_long_epoch_waits_for_the_disk(
    seconds: float, flushed: int, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    monkeypatch.setattr(os, "fsync", calls.append)
    progress = checkpoint.read(path)["progress"]
    progress.history[-1]["seconds"] = seconds
    net = network()
    checkpoint.save(path, progress, net, torch.optim.Adam(net.parameters()), torch.Generator())
    assert len(calls) == flushed
