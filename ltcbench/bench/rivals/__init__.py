"""Other people's implementations, with our weights.

They give the same numbers then, which is checked before anything is timed.
"""

from collections.abc import Callable

import torch
from torch import nn

from ltcbench.bench.rivals.jax import jax
from ltcbench.bench.rivals.ncps import ncps
from ltcbench.bench.rivals.rival import NotThere, Rival
from ltcbench.bench.rivals.torch_nn import lstm
from ltcbench.bench.rivals.torchdiffeq import torchdiffeq
from ltcbench.errors import Failure
from ltcbench.models import Network

__all__ = ["RIVALS", "NotThere", "Rival", "rival"]

TOLERANCE = 1e-3  # of outputs of order 1; rounding grows along a sequence
RIVALS: dict[str, Callable[[Network], Rival]] = {
    "ncps": ncps,
    "torch.nn.LSTM": lstm,
    "torchdiffeq": torchdiffeq,
    "JAX": jax,
}


def rival(name: str, network: Network) -> Rival:
    """The rival ``name`` of a network without a read-out, with its weights and on its device.

    Raises:
        NotThere: there is none.
        Failure: it does not give the outputs of its reference.
    """
    found = RIVALS[name](network)
    found.module.to(_device(network))
    found.reference.to(_device(network))
    _check(found)
    return found


def _device(module: nn.Module) -> torch.device:
    """Where its weights are."""
    return next(module.parameters()).device


@torch.no_grad()
def _check(found: Rival) -> None:
    cell = found.reference.cell
    random = torch.Generator().manual_seed(0)
    x = torch.randn(3, 5, cell.input_size, generator=random).to(_device(cell))
    ours, theirs = found.reference(x)[0], found.module(x)[0]
    difference = (ours - theirs).abs().max().item()
    if not difference <= TOLERANCE:
        raise Failure(
            f"{found} gives other outputs than {type(cell).__name__} with the same weights "
            f"(they differ by {difference:.2g}): there is nothing to compare; leave this rival out."
        )
