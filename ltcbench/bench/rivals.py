"""Other people's implementations, with our weights.

Of ncps' and torch.nn's modules: which of their parameters is which of ours. They give the same numbers then, which is
checked before anything is timed. ncps' own loop is wrong for elapsed times of a batch, so it runs without any: 1.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch
from torch import Tensor, nn

from ltcbench import models
from ltcbench.bench import weights
from ltcbench.errors import Failure
from ltcbench.models import Network
from ltcbench.models.cells.cell import Cell
from ltcbench.models.cells.cfc import CfC
from ltcbench.models.cells.cfc_mm import MixedCfC
from ltcbench.models.cells.lstm import LSTM
from ltcbench.models.cells.ltc import LTC
from ltcbench.models.solvers import Field, Solver

TOLERANCE = 1e-3  # of outputs of order 1; rounding grows along a sequence
MODES = {"gated": "default", "no_gate": "no_gate", "solution": "pure"}
METHODS = {
    "euler": "euler",
    "heun": "heun2",
    "rk4": "rk4",
}  # its rk4 is the 3/8 rule: same order and cost


class NotThere(Exception):
    """A rival that does not know this model, or is not installed; the message says which, empty if it is no news."""


@dataclass(frozen=True)
class Rival:
    """Somebody else's module.

    Attributes:
        name: who, e.g. ``ncps``.
        version: of the package, and what of it; empty for torch itself.
        module: called as ``module(x (B, T, F), state) -> y, state``.
        reference: a network of ours that computes the same: the one compared with, or where the module computes
            something else and is only a yardstick, another.
    """

    name: str
    version: str
    module: nn.Module
    reference: Network

    def __str__(self) -> str:
        return f"{self.name} {self.version}".rstrip()


def rival(name: str, network: Network) -> Rival:
    """The rival ``name`` of a network without a read-out, with its weights and on its device.

    Raises:
        NotThere: there is none.
        Failure: it does not give the outputs of its reference.
    """
    found = RIVALS[name](network)
    found.module.to(device_of(network))
    found.reference.to(device_of(network))
    _check(found)
    return found


def device_of(module: nn.Module) -> torch.device:
    """Where its weights are."""
    return next(module.parameters()).device


@torch.no_grad()
def _check(found: Rival) -> None:
    cell = found.reference.cell
    random = torch.Generator().manual_seed(0)
    x = torch.randn(3, 5, cell.input_size, generator=random).to(device_of(cell))
    ours, theirs = found.reference(x)[0], found.module(x)[0]
    difference = (ours - theirs).abs().max().item()
    if not difference <= TOLERANCE:
        raise Failure(
            f"{found} gives other outputs than {type(cell).__name__} with the same weights "
            f"(they differ by {difference:.2g}): there is nothing to compare; leave this rival out."
        )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        raise NotThere(f"{package} is not installed and left out: pip install 'ltcbench[bench]'.") from None


def _ncps(network: Network) -> Rival:
    cell = network.cell
    kind = NCPS.get(type(cell))
    if kind is None:
        raise NotThere
    installed = _version("ncps")
    try:
        module = kind(cell)
    except ImportError:
        raise NotThere("ncps cannot be imported and is left out: pip install 'ltcbench[bench]'.") from None
    return Rival("ncps", installed, module, network)


def _ncps_ltc(cell: Any) -> nn.Module:
    from ncps.torch import LTC as Theirs

    if cell.flavour.shift or not cell.flavour.divided or not cell.flavour.output_map or cell.solver is not None:
        raise NotThere("ncps has only the fused solver in flavour ncps and is left out elsewhere.")
    if cell.sensory.mask is not None or cell.recurrent.mask is not None:
        raise NotThere("ncps draws other wirings and is left out where there is one.")
    module: nn.Module = Theirs(
        cell.input_size, cell.hidden_size, ode_unfolds=cell.unfolds, implicit_param_constraints=cell.softplus
    )
    return _filled(module, {f"rnn_cell.{key}": value for key, value in weights.ltc_parameters(cell).items()})


def _ncps_cfc(cell: Any, lstm: Mapping[str, Tensor] | None = None) -> nn.Module:
    from ncps.torch import CfC as Theirs

    if cell.tf or cell.mask is not None or cell.activation == "softplus":
        raise NotThere("ncps has no CfC of flavour tf, with a wiring as ours or with softplus, and is left out there.")
    module: nn.Module = Theirs(
        cell.input_size,
        cell.hidden_size,
        mixed_memory=lstm is not None,
        mode=MODES[cell.variant],
        activation=cell.activation,
        backbone_units=len(cell.backbone[0].weight) if cell.backbone else 1,
        backbone_layers=len(cell.backbone),
        backbone_dropout=cell.dropout,
    )
    values = {f"rnn_cell.{key}": value for key, value in weights.cfc_parameters(cell).items()}
    return _filled(module, values | {f"lstm.{key}": value for key, value in (lstm or {}).items()})


def _ncps_cfc_mm(cell: Any) -> nn.Module:
    if cell.forget_bias != 1:
        raise NotThere("ncps' forget bias is 1; it is left out elsewhere.")
    return _ncps_cfc(cell.cfc, weights.mixed_memory_parameters(cell))


NCPS: dict[type[Cell], Callable[[Any], nn.Module]] = {LTC: _ncps_ltc, CfC: _ncps_cfc, MixedCfC: _ncps_cfc_mm}


def _lstm(network: Network) -> Rival:
    cell = network.cell
    ours = network if type(cell) is LSTM else models.build("lstm", cell.input_size, cell.hidden_size)
    module = nn.LSTM(cell.input_size, cell.hidden_size, batch_first=True)
    filled = _filled(module, weights.lstm_parameters(ours.cell))
    return Rival("torch.nn.LSTM", "", filled, ours)


@torch.no_grad()
def _filled(module: nn.Module, values: Mapping[str, Tensor]) -> nn.Module:
    """The module with these values in its parameters; those that never learn keep theirs."""
    parameters = {name: parameter for name, parameter in module.named_parameters() if parameter.requires_grad}
    for name, parameter in parameters.items():
        parameter.copy_(values[name].reshape(parameter.shape))
    assert parameters.keys() == values.keys()
    return module


def _torchdiffeq(network: Network) -> Rival:
    """The network with torchdiffeq in place of its solver; for the fused solver, which it lacks, dopri5."""
    theirs = copy.deepcopy(network)
    theirs.engine = "eager"
    cell: Any = theirs.cell
    if isinstance(cell, LTC) and cell.solver is None:
        cell.solver = Solver("ode")
        return Rival("torchdiffeq", f"{_version('torchdiffeq')} dopri5", theirs, theirs)
    found = ""
    for module in list(theirs.modules()):
        for name, value in list(vars(module).items()):
            if isinstance(value, Solver) and value.name in METHODS:
                setattr(module, name, _FixedGrid(value))
                found = value.name
    if not found:
        raise NotThere
    return Rival("torchdiffeq", f"{_version('torchdiffeq')} {found}", theirs, network)


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


RIVALS: dict[str, Callable[[Network], Rival]] = {"ncps": _ncps, "torch.nn.LSTM": _lstm, "torchdiffeq": _torchdiffeq}
