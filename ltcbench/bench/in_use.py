"""What a trained network costs in use: its size, and one time step of one sequence."""

from collections.abc import Iterator

import torch

from ltcbench.bench.measurements import processor
from ltcbench.bench.timing import interleaved
from ltcbench.errors import UserError
from ltcbench.models import Network
from ltcbench.models.operations import multiply_adds

REPEATS = 30  # samples of the latency


def costs(network: Network) -> Iterator[str]:
    """A line each on size, multiply-adds and latency; or why a network takes no single steps.

    Args:
        network: the network, in evaluation mode.
    """
    size = sum(part.nbytes for part in network.state_dict().values())
    yield f"size: {size:,} bytes, {network.size():,} parameters"
    try:
        yield f"multiply-adds a step: {multiply_adds(network):,}, as the equations stand"
    except UserError as error:
        yield f"multiply-adds a step: none counted: {error}"
    try:
        yield f"latency of a step at batch 1: {1e6 * latency(network):.0f} us, by the stepper on {processor()}"
    except UserError as error:
        yield f"latency of a step at batch 1: not measured: {error}"


def latency(network: Network) -> float:
    """Seconds of a step of the stepper for one sequence, median.

    Raises:
        UserError: the network takes no single steps.
    """
    step = network.stepper()
    x = torch.zeros(1, network.inputs.features, device=next(network.parameters()).device)
    elapsed = x.new_ones(1)
    _, state = step(x, None, elapsed)
    return interleaved({"step": lambda: step(x, state, elapsed)}, REPEATS)["step"].median
