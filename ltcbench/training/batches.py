"""A part of a task as tensors on a device."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ltcbench.models.cells.cell import State
from ltcbench.tasks.sequences import Spec, Split


@dataclass(frozen=True)
class Part:
    """Tensors of a part of a task, or of a batch of it; shapes as in ``Split``.

    Attributes:
        mask: None too where sequences are only padded at the end: then ``lengths`` say it.
        counted: which targets enter loss and metric, the shape of the targets; None: all.
        lengths: number of steps of each sequence (N,) up to the last one observed; None: all. No target needs more.
    """

    x: Tensor
    y: Tensor
    elapsed: Tensor
    mask: Tensor | None
    counted: Tensor | None
    lengths: Tensor | None

    @classmethod
    def of(cls, spec: Spec, split: Split, device: torch.device) -> "Part":
        """A part of the task ``spec`` on ``device``; on the CPU its memory is shared with the arrays."""

        def tensor(array: object) -> Tensor:
            return torch.as_tensor(array, device=device)

        mask = None if split.mask is None else tensor(split.mask)
        y = tensor(split.y)
        counted = None
        if spec.per_step and mask is not None:
            counted = mask if mask.dim() == 2 else mask.any(-1)
        if spec.labels and bool((y < 0).any()):  # class -1: no target here
            counted = y >= 0 if counted is None else counted & (y >= 0)
            y = y.clamp(min=0)
        elif y.is_floating_point() and bool(y.isnan().any()):
            there = ~y.isnan().any(-1)
            counted = there if counted is None else counted & there
            y = y.nan_to_num(0)
        observed = mask if mask is None or mask.dim() == 2 else mask.any(-1)
        lengths = None if observed is None or observed[:, -1].all() else _last(observed)
        if mask is not None and mask.dim() == 2 and torch.equal(mask.sum(1), _last(mask)):
            mask = None
        return cls(tensor(split.x), y, tensor(split.elapsed), mask, counted, lengths)

    def __len__(self) -> int:
        return len(self.x)

    def counting(self, class_weights: Tensor | None) -> Tensor | None:
        """Which sequences (N,) have a target that counts in the loss, on the CPU; None: all.

        Args:
            class_weights: (classes,) or None; a target of a class without weight does not count.
        """
        if self.counted is None and class_weights is None:
            return None
        counts = torch.ones_like(self.y, dtype=torch.bool) if self.counted is None else self.counted
        if class_weights is not None:
            counts = counts & (class_weights[self.y] > 0)
        found = counts.view(len(self), -1).any(1).cpu()
        return None if found.all() else found  # then no batch has to be asked

    def take(self, chosen: Tensor | slice) -> "Part":
        """The sequences with these numbers."""
        mask = None if self.mask is None else self.mask[chosen]
        counted = None if self.counted is None else self.counted[chosen]
        lengths = None if self.lengths is None else self.lengths[chosen]
        return Part(self.x[chosen], self.y[chosen], self.elapsed[chosen], mask, counted, lengths)

    def repeated(self, times: int) -> "Part":
        """Each sequence so many times, one behind the other."""
        return self if times == 1 else self.take(torch.arange(len(self), device=self.x.device).repeat_interleave(times))


def _last(shown: Tensor) -> Tensor:
    """The number (N,) of the last True in each row (N, T), from 1; 0 where there is none."""
    return torch.where(shown, torch.arange(1, shown.shape[1] + 1, device=shown.device), 0).amax(1)


def predict(network: nn.Module, spec: Spec, batch: Part) -> tuple[Tensor, State]:
    """Predictions where the targets are, and the network's state after the batch.

    Returns:
        (B, T, K) at every step, or (B, K) after the last observed step, of a network that draws several latents for a
        sequence one prediction for each, (B S, ...) in the order of ``Part.repeated``; the state as the network's.
    """
    y, state = network(batch.x, elapsed=batch.elapsed, mask=batch.mask, lengths=batch.lengths)
    return (y if spec.per_step else y[:, -1]), state  # over masked steps the network repeats its last output
