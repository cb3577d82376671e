"""For comparing cells with slow transcriptions of their papers' equations, unit by unit, written from the papers.

Where a cell follows its authors' code instead (see the ``Deviations`` of its docstring), the transcription says so.
Gradients are checked against finite differences in tests/models/test_registry.py.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ltcbench import models

from .compare import sequences

BATCH, STEPS, FEATURES, UNITS = 2, 6, 2, 3
Array = NDArray[np.float64]


def network(name: str, **options: Any) -> tuple[models.Network, dict[str, Array]]:
    """A network in float64 with weights that are nowhere 0, and its cell's parameters."""
    torch.manual_seed(0)
    net = models.build(name, FEATURES, UNITS, **options).double().eval()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.2 * torch.rand_like(parameter))
    return net, {key: value.detach().numpy() for key, value in net.cell.state_dict().items()}


def assert_follows(net: models.Network, sample: Callable[[Array, Array, Array], list[Array]], **keywords: Any) -> None:
    """Outputs are those of ``sample(x (T, F), elapsed (T,), mask (T, F))``, called for each sequence by itself."""
    x, elapsed = (value.detach() for value in sequences(BATCH, STEPS, FEATURES))
    mask: Tensor | None = keywords.pop("mask", None)
    y, _ = net(x, elapsed=elapsed, mask=mask)
    observed = torch.ones_like(x) if mask is None else mask.double()
    for i in range(BATCH):
        expected = np.stack(sample(x[i].numpy(), elapsed[i].numpy(), observed[i].numpy()))
        np.testing.assert_allclose(y[i].detach().numpy(), expected, rtol=1e-10, atol=1e-10)


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def dot(weights: Array, *vectors: Array) -> float:
    """Inner product of a row of weights with vectors one behind the other."""
    values = [value for vector in vectors for value in vector]
    assert len(values) == len(weights)
    return sum(float(w) * float(v) for w, v in zip(weights, values, strict=True))


def joint(p: dict[str, Array], name: str) -> tuple[Array, Array]:
    """[W_x W_h] and b of an affine map."""
    return np.concatenate([p[f"{name}.weight_x"], p[f"{name}.weight_h"]], axis=1), p[f"{name}.bias"]


def lstm(W: Array, b: Array, x: Array, h: Array, c: Array, forget_bias: float) -> tuple[Array, Array]:
    """h and c of a step; the rows of W are those of i, j, f, o."""
    new_h, new_c = np.zeros(UNITS), np.zeros(UNITS)
    for u in range(UNITS):
        i, j, f, o = (dot(W[block * UNITS + u], x, h) + b[block * UNITS + u] for block in range(4))
        new_c[u] = sigmoid(f + forget_bias) * c[u] + sigmoid(i) * math.tanh(j)
        new_h[u] = sigmoid(o) * math.tanh(new_c[u])
    return new_h, new_c
