"""Batches of sequences of different lengths without their padding, as ``torch.nn.utils.rnn.PackedSequence`` has them.

The rows are ordered by decreasing length. First comes step 0 of all rows, then step 1 of those that have one, and so
on: (N, ...), N the number of steps of all rows together. ``sizes`` says how many rows there are at each step. Where all
rows have the same length, that is (T, B, ...) with the first two dimensions flattened, and nothing is copied.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Sizes = tuple[int, ...]


def steps(states: Tensor, sizes: Sizes) -> tuple[list[Tensor], list[Tensor]]:
    """Views of the states before and after each step, from ``states`` (B + N, ...), those before the first in front."""
    before, after = states.split((sizes[0], *sizes)), states[sizes[0] :].split(sizes)
    return [part[:size] for part, size in zip(before, sizes, strict=False)], list(after)


def earlier(states: Tensor, sizes: Sizes) -> Tensor:
    """The states before each step (N, ...), from ``states`` as of ``steps``."""
    if sizes[0] == sizes[-1]:
        return states[: len(states) - sizes[0]]
    return torch.cat(steps(states, sizes)[0])


def last(states: Tensor, sizes: Sizes) -> Tensor:
    """The state of each row after its last step (B, ...), from those after each step (N, ...)."""
    if sizes[0] == sizes[-1]:
        return states[len(states) - sizes[0] :]
    ended = [part[size:] for part, size in zip(states.split(sizes), (*sizes[1:], 0), strict=True) if size < len(part)]
    return torch.cat(ended[::-1])


def completed(state: tuple[Tensor, ...], start: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Last states (b, ...) with those from before the first step (B, ...) of the rows without any step."""
    return tuple(
        now if len(now) == len(part) else torch.cat([now, part[len(now) :]])
        for now, part in zip(state, start, strict=True)
    )


@dataclass(frozen=True)
class Packing:
    """How a batch of T steps and B rows is packed.

    Attributes:
        steps, batch: T and B.
        sizes: rows at each step, never more than at the step before; as many as the longest row has steps, at least
            one.
        mask: (N,) bool, for masks with holes; all rows then have the same length. None: each row is its first steps.
        rows: None where all rows have the same length.
    """

    steps: int
    batch: int
    sizes: Sizes
    mask: Tensor | None = None
    rows: "_Rows | None" = None

    @classmethod
    def of(cls, steps: int, batch: int, mask: Tensor | None, ragged: bool = True) -> "Packing":
        """Of a batch with this mask of steps (T, B) bool; None: all True.

        Args:
            steps: T.
            batch: B.
            mask: the mask.
            ragged: whether rows may have different lengths; if not they have the longest one's, and a mask.
        """
        if mask is None:
            return cls(steps, batch, (batch,) * steps)
        number = torch.arange(steps, device=mask.device).unsqueeze(1)
        lengths = torch.where(mask, number + 1, 0).amax(0)
        in_order = lengths.tolist()
        longest = max([1, *in_order])
        mask, number = mask[:longest], number[:longest]
        if mask.all():
            return cls(steps, batch, (batch,) * longest)
        if not ragged or bool((mask != (number < lengths)).any()):
            return cls(steps, batch, (batch,) * longest, mask.flatten())
        rows = _Rows.of(lengths, mask)
        return cls(steps, batch, tuple(rows.sizes.tolist()), None, rows)

    def pack(self, x: Tensor) -> Tensor:
        """The steps (N, ...) of x (longest, B, ...)."""
        x = x.flatten(0, 1)
        return x if self.rows is None else x.index_select(0, self.rows.steps)

    def ordered(self, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Tensors (B, ...) with their rows in the order of the packed ones."""
        return state if self.rows is None else tuple(part.index_select(0, self.rows.order) for part in state)

    def restored(self, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Tensors with their rows in the order of the packed ones in that of the batch."""
        return state if self.rows is None else tuple(part.index_select(0, self.rows.rank) for part in state)

    def places(self, shown: Tensor) -> Tensor:
        """Where among N outputs, with B more behind them, the last one shown lies at each step (T, B).

        Args:
            shown: (longest, B) bool, never True behind the end of a row; before the first True in a row its place is
                among the B.
        """
        number = torch.arange(1, len(shown) + 1, device=shown.device).unsqueeze(1)
        last = torch.where(shown, number, 0).cummax(0).values  # 0: none yet
        row = torch.arange(self.batch, device=shown.device)
        if self.rows is None:
            place = (last - 1) * self.batch + row
        else:
            begin = self.rows.sizes.cumsum(0) - self.rows.sizes
            place = begin[(last - 1).clamp(min=0)] + self.rows.rank
        place = torch.where(last > 0, place, sum(self.sizes) + row)
        return torch.cat([place, place[-1:].expand(self.steps - len(place), -1)])

    def unpack(self, outputs: Tensor, before: Callable[[], Tensor]) -> Tensor:
        """Outputs (N, K) of all rows at all steps (T, B, K); behind the end of a row its last one is repeated.

        Args:
            outputs: packed; where all rows have the same length there may be several for each.
            before: gives what rows without any step show (B, K).
        """
        if self.rows is not None:
            if self.sizes[0] < self.batch:
                outputs = torch.cat([outputs, before()])
            return spread(outputs, self.places(self.rows.alive))
        longest = len(self.sizes)
        outputs = outputs.view(longest, len(outputs) // longest, outputs.shape[1])
        rest = self.steps - longest
        return torch.cat([outputs, outputs[-1:].expand(rest, -1, -1)]) if rest else outputs


def spread(rows: Tensor, places: Tensor) -> Tensor:
    """The rows (M, K) with these numbers (T, B): (T, B, K)."""
    return rows.index_select(0, places.flatten()).view(*places.shape, rows.shape[1])


@dataclass(frozen=True)
class _Rows:
    """Rows of different lengths.

    Attributes:
        alive: whether a row has a step (longest, B), in the order of the batch.
        order: the rows, longest first (B,).
        rank: the place of each row among them (B,).
        sizes: rows at each step (longest,).
        steps: t B + b of each packed step (N,).
    """

    alive: Tensor
    order: Tensor
    rank: Tensor
    sizes: Tensor
    steps: Tensor

    @classmethod
    def of(cls, lengths: Tensor, alive: Tensor) -> "_Rows":
        order = torch.argsort(lengths, descending=True, stable=True)
        t, place = alive[:, order].nonzero(as_tuple=True)
        return cls(alive, order, torch.argsort(order), alive.sum(1), t * len(lengths) + order[place])
