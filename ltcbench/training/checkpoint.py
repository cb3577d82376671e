"""What a training needs to go on exactly where it stood."""

import io
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ltcbench.errors import Failure
from ltcbench.files import write
from ltcbench.training.optimiser import Optimiser

Weights = dict[str, Tensor]
LONG = 0.3  # seconds of an epoch from which on it costs less than 3 % to wait for the disk, 8 ms where it is busy


@dataclass
class Progress:
    """How far a training is.

    Attributes:
        epoch: epochs done.
        history: a row of numbers for each of them.
        best_epoch: the epoch that stands for the run so far, 0: none yet.
        best_weights: the network's weights after that epoch.
        engine: the engine that the training began with; another would give other roundings.
        diverged: the sentence that says how training broke down, empty while it has not.
    """

    epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    best_weights: Weights = field(default_factory=dict)
    engine: str = ""
    diverged: str = ""


def copied(network: nn.Module) -> Weights:
    """The network's weights, apart from the network."""
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def save(path: Path, progress: Progress, network: nn.Module, optimiser: Optimiser, order: torch.Generator) -> None:
    """Write everything to ``path``, whole or not at all; after a long epoch also where the power fails.

    Args:
        path: the checkpoint file.
        progress: how far the training is.
        network: its weights.
        optimiser: its moments.
        order: the generator that shuffles the training set; torch's global generators are saved as well.

    Raises:
        Failure: the disk is full or cannot be written.
    """
    content = io.BytesIO()
    torch.save(
        {
            "progress": asdict(progress),
            "network": network.state_dict(),
            "optimiser": optimiser.state_dict(),
            "order": order.get_state(),
            "cpu": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        },
        content,
    )
    write(path, content.getvalue(), lasting=bool(progress.history) and progress.history[-1]["seconds"] > LONG)


def load(path: Path, network: nn.Module, optimiser: Optimiser, order: torch.Generator) -> Progress:
    """Put everything back as ``save`` found it; a fresh ``Progress`` where there is no checkpoint.

    Raises:
        Failure: the file is not a checkpoint of this network.
    """
    if not path.exists():
        return Progress()
    try:
        saved = read(path)
        network.load_state_dict(saved["network"])
        optimiser.load_state_dict(saved["optimiser"])
        order.set_state(saved["order"])
        torch.set_rng_state(saved["cpu"])
        if torch.cuda.is_available():
            torch.cuda.set_rng_state_all(saved["cuda"])
        progress: Progress = saved["progress"]
        return progress
    except Exception as error:
        raise Failure(
            f"{path} cannot be read ({type(error).__name__}): run the same command with force=true to start over."
        ) from error


def read(path: Path) -> dict[str, Any]:
    """What ``save`` wrote, ``progress`` as a ``Progress``.

    Raises:
        Exception: the file is not a checkpoint, which torch tells in many ways.
    """
    with zipfile.ZipFile(path) as parts:  # torch does not look at the checksums that it writes
        if damaged := parts.testzip():
            raise ValueError(f"{damaged} is damaged")
    saved: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return saved | {"progress": _progress(saved["progress"])}


def _progress(fields: dict[str, Any]) -> Progress:
    found = Progress(**fields)
    if any(type(value) is not type(getattr(Progress(), name)) for name, value in vars(found).items()):
        raise TypeError("fields of other types")
    if not 0 <= found.best_epoch <= len(found.history) == found.epoch - bool(found.diverged):
        raise ValueError("epochs that do not fit")
    return found
