"""LTC and CfC against ncps, the library of the papers' authors.

ncps is driven cell by cell with elapsed times (B, 1): its own loop squeezes them and is wrong for a batch.
"""

from typing import Any

import pytest
import torch
from ncps.torch import CfCCell, LTCCell
from ncps.wirings import FullyConnected
from torch.func import functional_call

from ltcbench import models

from .compare import assert_same, sequences, unrolled

BATCH, STEPS, FEATURES, UNITS = 3, 5, 2, 4
dtypes = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)


@dtypes
@pytest.mark.parametrize("layers", [0, 1, 2])
@pytest.mark.parametrize(("name", "mode"), [("cfc", "default"), ("cfc_nogate", "no_gate"), ("cfc_s", "pure")])
def test_cfc(name: str, mode: str, layers: int, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    options: dict[str, Any] = {"backbone_layers": layers, "backbone_units": 6}
    net = models.build(name, FEATURES, UNITS, **options).to(dtype)
    theirs = CfCCell(FEATURES, UNITS, mode=mode, **options)
    cell: Any = net.cell
    shared = {}
    for i, layer in enumerate(cell.backbone):
        shared |= {f"backbone.{2 * i}.weight": layer.weight, f"backbone.{2 * i}.bias": layer.bias}
    blocks = ["ff1"] if mode == "pure" else ["ff1", "ff2", "time_a", "time_b"]
    for block, head in zip(blocks, cell.heads, strict=True):
        shared |= {f"{block}.weight": head.weight, f"{block}.bias": head.bias}
    if mode == "pure":
        with torch.no_grad():
            cell.w_tau.normal_()
            cell.A.normal_()
        shared |= {"w_tau": cell.w_tau, "A": cell.A}

    x, elapsed = sequences(BATCH, STEPS, FEATURES, dtype)
    y, _ = net(x, elapsed=elapsed)
    start = torch.zeros(BATCH, UNITS, dtype=dtype)
    y_theirs = unrolled(lambda *inputs: functional_call(theirs, shared, inputs, strict=True), x, elapsed, start)
    assert_same(y, y_theirs, [x, elapsed, *net.parameters()])


@dtypes
@pytest.mark.parametrize("constraint", ["projection", "softplus"])
def test_ltc(constraint: str, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    net = models.build("ltc", FEATURES, UNITS, flavour="ncps", constraint=constraint).to(dtype)
    cell: Any = net.cell
    theirs = LTCCell(
        FullyConnected(UNITS), FEATURES, ode_unfolds=6, implicit_param_constraints=constraint == "softplus"
    ).to(dtype)
    for name in ("w", "erev", "mu", "sigma"):  # ncps lays synapses out [pre, post]
        theirs._params[name] = getattr(cell.recurrent, name).t()
        theirs._params[f"sensory_{name}"] = getattr(cell.sensory, name).t()
    for name in ("vleak", "gleak", "cm", "input_w", "input_b", "output_w", "output_b"):
        theirs._params[name] = getattr(cell, name)

    x, elapsed = sequences(BATCH, STEPS, FEATURES, dtype)
    y, _ = net(x, elapsed=elapsed)
    y_theirs = unrolled(theirs, x, elapsed, torch.zeros(BATCH, UNITS, dtype=dtype))
    assert_same(y, y_theirs, [x, elapsed, *net.parameters()])
