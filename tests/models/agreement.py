"""What a network gives on a batch, and whether two ways to compute it agree."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from ltcbench import models
from ltcbench.models.cells.cell import State

FLOOR = 1e-4  # times the tolerance and the loss's scale: 1e-9 of it where the tolerance is 1e-5
CANCELLED = 1e-8  # a tenth of float32's precision: with one feature, the terms of LTC's input_w nearly cancel
# torch's derivative of the matrix exponential rounds the more, the larger the gradient that it is given: one at the
# end, or, as in the reference loop, a small one for each step.
LESS = {"cell.A": 10.0}

Run = Callable[[models.Network, Tensor, State, Tensor, Tensor | None], tuple[Tensor, State]]


class Batch(NamedTuple):
    """Inputs (B, T, F), elapsed times (B, T), and a mask of steps (B, T), if there is one."""

    x: Tensor
    elapsed: Tensor
    mask: Tensor | None = None


class Numbers(NamedTuple):
    """Outputs, last states and gradients by name; the sum of the magnitudes of the loss's terms."""

    values: dict[str, Tensor]
    scale: float


def drawn(kind: str = "whole", batch: int = 5, steps: int = 6, features: int = 3, same_time: bool = False) -> Batch:
    """A batch, ``whole``, with ``holes``, with ``ragged`` rows or with ``none`` that has a step."""
    random = torch.Generator().manual_seed(1)
    x = torch.randn(batch, steps, features, generator=random)
    elapsed = torch.full((batch, steps), 0.7) if same_time else 3 * torch.rand(batch, steps, generator=random)
    if kind == "holes":
        return Batch(x, elapsed, torch.rand(batch, steps, generator=random) < 0.7)
    if kind in ("ragged", "none"):
        lengths = torch.randint(0, steps + 1 if kind == "ragged" else 1, (batch, 1), generator=random)
        return Batch(x, elapsed, torch.arange(steps) < lengths)
    return Batch(x, elapsed)


def numbers(net: models.Network, batch: Batch, run: Run | None = None) -> Numbers:
    """What ``net`` gives from a first state of its own, in the type of its parameters.

    Args:
        net: the network.
        batch: its inputs, of any type.
        run: what computes outputs and last state; None: the network.
    """
    random = torch.Generator().manual_seed(2)
    kind = next(net.parameters()).dtype

    def normal(like: Tensor) -> Tensor:
        return torch.randn(like.shape, generator=random).to(kind)

    x, elapsed = batch.x.to(kind, copy=True).requires_grad_(), batch.elapsed.to(kind)
    start = tuple((0.3 * normal(part)).requires_grad_() for part in net.cell.initial_state(len(x), x))
    net.zero_grad()
    torch.manual_seed(0)  # dropout
    y, state = (run or models.Network.__call__)(net, x, start, elapsed, batch.mask)
    terms = [part * normal(part) for part in (y, *state)]
    torch.stack([term.sum() for term in terms]).sum().backward()
    leaves = {"x": x, **{f"start {i}": part for i, part in enumerate(start)}, **dict(net.named_parameters())}
    return Numbers(
        {"y": y.detach(), **{f"state {i}": part.detach() for i, part in enumerate(state)}}
        | {name: torch.zeros_like(leaf) if leaf.grad is None else leaf.grad.clone() for name, leaf in leaves.items()},
        sum(term.detach().abs().sum().item() for term in terms),
    )


def assert_agree(ours: Numbers, reference: Numbers, tolerance: float, exact: Numbers | None = None) -> None:
    """Assert that everything agrees to ``tolerance`` of its largest value, or to rounding.

    Rounding is what lies under ``FLOOR``, and what is three times as far from the exact numbers as the reference is,
    or, since the reference may be near them by luck, less than ``CANCELLED`` of the loss's scale.
    """
    assert ours.values.keys() == reference.values.keys()
    for name, value in reference.values.items():
        assert ours.values[name].shape == value.shape
        if value.numel() == 0:
            continue
        allowed = tolerance * (LESS.get(name, 1.0) * _largest(value) + FLOOR * reference.scale)
        found = _largest(ours.values[name] - value)
        if exact is not None and found > allowed:
            allowed = max(3 * _largest(value - exact.values[name]), CANCELLED * reference.scale)
            found = _largest(ours.values[name] - exact.values[name])
        assert found <= allowed, name


def _largest(value: Tensor) -> float:
    return value.abs().max().item()


def assert_engine(net: models.Network, engine: str, batch: Batch, tolerance: float = 1e-5) -> None:
    """Assert that ``engine`` gives what the eager one gives; ``net`` is of the type that it has to be."""
    kind = next(net.parameters()).dtype
    net.engine = "eager"
    reference = numbers(net, batch)
    exact = numbers(net.double(), batch) if kind == torch.float32 else None
    net.to(kind).engine = engine
    assert_agree(numbers(net, batch), reference, tolerance, exact)
