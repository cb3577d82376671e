"""Evaluation without gradients."""

import torch
from torch import Tensor

from ltcbench.models import Network
from ltcbench.tasks.sequences import Spec
from ltcbench.training import metrics
from ltcbench.training.batches import Part, predict

# Elements (batch x time x features x units) that one forward pass may touch: the largest temporary, that of the LTC's
# sensory synapses, then takes 64 MB.
BUDGET = 2**24
SEED = 20190708  # of what a network draws when it is tested


@torch.no_grad()
def predictions(network: Network, spec: Spec, part: Part) -> Tensor:
    """What ``network`` tells of all sequences of a part, as ``predict`` does, in batches as large as memory allows.

    What is drawn at random is the same at every call; torch's global generators stay where they are.
    """
    network.eval()
    size = max(1, min(1024, BUDGET // (part.x[0].numel() * network.hidden_size)))
    with torch.random.fork_rng([part.x.device] if part.x.is_cuda else []):
        torch.manual_seed(SEED)
        return torch.cat([predict(network, spec, part.take(slice(i, i + size)))[0] for i in range(0, len(part), size)])


def evaluate(network: Network, spec: Spec, part: Part) -> dict[str, float]:
    """Loss, unweighted, and metric of ``network`` on a part: ``{"loss": ..., <metric of the task>: ...}``."""
    return scores(spec, predictions(network, spec, part), part)


def scores(spec: Spec, y: Tensor, part: Part) -> dict[str, float]:
    """Loss and metric of the predictions ``y`` of a part, as ``evaluate`` gives them.

    Where several latents are drawn for a sequence, all predictions count.
    """
    part = part.repeated(len(y) // len(part))
    return {
        "loss": metrics.loss(spec, y, part.y, part.counted, None).item(),
        spec.metric: metrics.metric(spec, y, part.y, part.counted),
    }
