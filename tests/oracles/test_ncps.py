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
from ltcbench.bench.weights import cfc_parameters, ltc_parameters

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
    if mode == "pure":
        with torch.no_grad():
            cell.w_tau.normal_()
            cell.A.normal_()
    shared = cfc_parameters(cell)

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
    theirs = LTCCell(
        FullyConnected(UNITS), FEATURES, ode_unfolds=6, implicit_param_constraints=constraint == "softplus"
    ).to(dtype)
    theirs._params |= ltc_parameters(net.cell)

    x, elapsed = sequences(BATCH, STEPS, FEATURES, dtype)
    y, _ = net(x, elapsed=elapsed)
    y_theirs = unrolled(theirs, x, elapsed, torch.zeros(BATCH, UNITS, dtype=dtype))
    assert_same(y, y_theirs, [x, elapsed, *net.parameters()])
