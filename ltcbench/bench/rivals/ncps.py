"""ncps (github.com/mlech26l/ncps): its LTC and CfCs."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn

from ltcbench.bench import weights
from ltcbench.bench.rivals.rival import NotThere, Rival, filled, version
from ltcbench.models import Network
from ltcbench.models.cells.cell import Cell
from ltcbench.models.cells.cfc import CfC
from ltcbench.models.cells.cfc_mm import MixedCfC
from ltcbench.models.cells.ltc import LTC

MODES = {"gated": "default", "no_gate": "no_gate", "solution": "pure"}


def _ncps_ltc(cell: Any) -> nn.Module:
    from ncps.torch import LTC as Theirs

    if cell.flavour.shift or not cell.flavour.divided or not cell.flavour.output_map or cell.solver is not None:
        raise NotThere("ncps has only the fused solver in flavour ncps and is left out elsewhere.")
    if cell.sensory.mask is not None or cell.recurrent.mask is not None:
        raise NotThere("ncps draws other wirings and is left out where there is one.")
    module: nn.Module = Theirs(
        cell.input_size, cell.hidden_size, ode_unfolds=cell.unfolds, implicit_param_constraints=cell.softplus
    )
    return filled(module, {f"rnn_cell.{key}": value for key, value in weights.ltc_parameters(cell).items()})


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
    return filled(module, values | {f"lstm.{key}": value for key, value in (lstm or {}).items()})


def _ncps_cfc_mm(cell: Any) -> nn.Module:
    if cell.forget_bias != 1:
        raise NotThere("ncps' forget bias is 1; it is left out elsewhere.")
    return _ncps_cfc(cell.cfc, weights.mixed_memory_parameters(cell))


NCPS: dict[type[Cell], Callable[[Any], nn.Module]] = {LTC: _ncps_ltc, CfC: _ncps_cfc, MixedCfC: _ncps_cfc_mm}


def ncps(network: Network) -> Rival:
    """The network's cell by ncps, without elapsed times, for which its loop is wrong in a batch."""
    cell = network.cell
    kind = NCPS.get(type(cell))
    if kind is None:
        raise NotThere
    installed = version("ncps")
    try:
        module = kind(cell)
    except ImportError:
        raise NotThere("ncps cannot be imported and is left out: pip install 'ltcbench[bench]'.") from None
    return Rival("ncps", installed, module, network)
