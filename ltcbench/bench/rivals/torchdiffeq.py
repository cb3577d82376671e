"""torchdiffeq in place of our solvers, in the eager engine."""

import copy
from typing import Any

import torch
from torch import Tensor

from ltcbench.bench.rivals.rival import NotThere, Rival, version
from ltcbench.models import Network
from ltcbench.models.cells.ltc import LTC
from ltcbench.models.solvers import Field, Solver

METHODS = {"euler": "euler", "heun": "heun2", "rk4": "rk4"}  # its rk4 is the 3/8 rule: same order and cost


def torchdiffeq(network: Network) -> Rival:
    """The network with torchdiffeq in place of its solver; for the fused solver, which it lacks, dopri5."""
    theirs = copy.deepcopy(network)
    theirs.engine = "eager"
    cell: Any = theirs.cell
    if isinstance(cell, LTC) and cell.solver is None:
        cell.solver = Solver("ode")
        return Rival("torchdiffeq", f"{version('torchdiffeq')} dopri5", theirs, theirs)
    found = ""
    for module in list(theirs.modules()):
        for name, value in list(vars(module).items()):
            if isinstance(value, Solver) and value.name in METHODS:
                setattr(module, name, _FixedGrid(value))
                found = value.name
    if not found:
        raise NotThere
    return Rival("torchdiffeq", f"{version('torchdiffeq')} {found}", theirs, network)


class _FixedGrid:
    """A fixed-step ``Solver`` done by torchdiffeq, without bounds."""

    name = "torchdiffeq"  # not one that our engines know

    def __init__(self, solver: Solver) -> None:
        self.solver = solver

    def __call__(self, field: Field, y: Tensor, elapsed: Tensor, bounds: object = None) -> Tensor:
        from torchdiffeq import odeint

        h = self.solver.step_size * elapsed
        span = torch.tensor([0.0, self.solver.unfolds], device=y.device)
        method, options = METHODS[self.solver.name], {"step_size": 1.0}
        path: Tensor = odeint(lambda s, y: h * field(y), y, span, method=method, options=options)
        return path[-1]
