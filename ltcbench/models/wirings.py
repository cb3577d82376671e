"""Which synapses exist: binary masks for sparse LTC and CfC cells (Neural Circuit Policies, Lechner et al. 2020).

    full    every unit hears every input and every unit
    random  the share ``sparsity`` of all synapses, drawn at random, is missing
    ncp     inputs -> inter -> command -> motor neurons; commands also hear commands; only motor neurons are read

The numbers of the automatic NCP are those of the authors' library ncps (AutoNCP): with density = 1 - sparsity, of the
units that are not motor neurons 40 % are command neurons and the others inter neurons; an input reaches density x
inter neurons, an inter neuron density x command neurons, a motor neuron hears density x command neurons, and there
are 2 x density x command synapses from commands to commands, drawn with replacement. A neuron that was left out gets
the average number of synapses. A wiring has its own seed: it does not depend on the seed of the weights.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from ltcbench.errors import UserError
from ltcbench.models.options import DROPPED, SEED, SIZE, choice, real, whole

KINDS = ("full", "random", "ncp")
MOTOR_SHARE = 0.3  # of the units, unless their number is given (ncps: "typically good choices are 0.3 times")
COMMAND_SHARE = 0.4  # of the units that are not motor neurons (ncps, AutoNCP)


@dataclass(frozen=True)
class Wiring:
    """Masks of 0 and 1 [post, pre]: ``sensory`` (H, F), ``recurrent`` (H, H); the first ``motors`` units are read."""

    sensory: Tensor
    recurrent: Tensor
    motors: int


def wire(kind: str, inputs: int, units: int, sparsity: float, motors: int | None, seed: int) -> Wiring:
    """A wiring.

    Args:
        kind: one of ``KINDS``.
        inputs: F.
        units: H.
        sparsity: share of missing synapses, 0 <= sparsity < 1; ignored by ``full``.
        motors: number of units that are read; None: all of them, ``ncp``: 0.3 of them.
        seed: of the wiring alone.

    Raises:
        UserError: unknown kind, or a number out of range.
    """
    choice("wiring", kind, KINDS)
    real("sparsity", sparsity, DROPPED)
    whole("wiring_seed", seed, SEED)
    if kind == "ncp" and units < 4:
        raise UserError(
            f"model.hidden_size={units} is too few for model.wiring=ncp with its motors: expected 4 or more."
        )
    largest = units - 3 if kind == "ncp" else units
    if motors is None:
        motors = max(1, int(MOTOR_SHARE * units)) if kind == "ncp" else units
    whole("motors", motors, SIZE)
    if not 1 <= motors <= largest:
        raise UserError(
            f"model.motors={motors} is out of range for {units} units and wiring {kind}: expected 1 to {largest}."
        )
    with torch.device("cpu"):  # where the generator is, whatever device the weights are made on
        random = torch.Generator().manual_seed(seed)
        if kind == "ncp":
            return _ncp(random, inputs, units, 1 - sparsity, motors)
        density = 1 - sparsity if kind == "random" else 1.0
        return Wiring(_random(random, units, inputs, density), _random(random, units, units, density), motors)


def _random(random: torch.Generator, post: int, pre: int, density: float) -> Tensor:
    mask = torch.zeros(post * pre)
    mask[torch.randperm(post * pre, generator=random)[: round(density * post * pre)]] = 1
    return mask.view(post, pre)


def _ncp(random: torch.Generator, inputs: int, units: int, density: float, motors: int) -> Wiring:
    commands = max(1, int(COMMAND_SHARE * (units - motors)))
    inters = units - motors - commands
    motor, command = slice(0, motors), slice(motors, motors + commands)
    inter = slice(motors + commands, units)
    reached = max(1, int(density * commands))

    sensory, recurrent = torch.zeros(units, inputs), torch.zeros(units, units)
    sensory[inter] = _links(random, inputs, inters, max(1, int(density * inters))).t()
    recurrent[command, inter] = _links(random, inters, commands, reached).t()
    recurrent[motor, command] = _links(random, motors, commands, reached)
    feedback = max(1, int(2 * density * commands))
    post, pre = torch.randint(commands, (2, feedback), generator=random) + motors
    recurrent[post, pre] = 1
    return Wiring(sensory, recurrent, motors)


def _links(random: torch.Generator, sources: int, targets: int, fan: int) -> Tensor:
    """(sources, targets): each source has ``fan`` targets; a target without any gets the average number of sources."""
    links = torch.zeros(sources, targets)
    for source in range(sources):
        links[source, torch.randperm(targets, generator=random)[:fan]] = 1
    average = min(max(1, sources * fan // targets), sources)
    for target in (links.sum(0) == 0).nonzero()[:, 0]:
        links[torch.randperm(sources, generator=random)[:average], target] = 1
    return links
