"""Comparing outputs and gradients with other people's implementations.

The other implementation computes with *our* parameters, so that both outputs can be differentiated with respect to
the same tensors.
"""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}


def sequences(
    batch: int, steps: int, features: int, dtype: torch.dtype = torch.float64, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Inputs (B, T, F) and elapsed times (B, T) that differ from sample to sample and step to step."""
    random = torch.Generator().manual_seed(seed)
    x = torch.randn(batch, steps, features, generator=random, dtype=torch.float64)
    elapsed = 0.1 + 2 * torch.rand(batch, steps, generator=random, dtype=torch.float64)
    return x.to(dtype).requires_grad_(), elapsed.to(dtype).requires_grad_()


def unrolled(
    step: Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]], x: Tensor, elapsed: Tensor, state: Tensor
) -> Tensor:
    """Outputs (B, T, H) of a foreign cell ``step(x, state, elapsed (B, 1)) -> output, state``."""
    outputs = []
    for t in range(x.shape[1]):
        output, state = step(x[:, t], state, elapsed[:, t, None])
        outputs.append(output)
    return torch.stack(outputs, 1)


def assert_same(ours: Tensor, theirs: Tensor, with_respect_to: Iterable[Tensor]) -> None:
    """Outputs agree, and so do the gradients of a fixed weighted sum of them.

    A gradient is compared relative to its largest entry, or to 1 if that is larger: gradients add up over batch and
    time, and so does their rounding.
    """
    tolerance = TOLERANCE[ours.dtype]
    torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance)
    weights = torch.randn(ours.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64).to(ours.dtype)
    tensors = list(with_respect_to)
    mine = torch.autograd.grad((ours * weights).sum(), tensors, retain_graph=True)
    other = torch.autograd.grad((theirs * weights).sum(), tensors, retain_graph=True)
    for a, b in zip(mine, other, strict=True):
        scale = max(1.0, b.abs().max().item())
        torch.testing.assert_close(a / scale, b / scale, rtol=tolerance, atol=tolerance)
