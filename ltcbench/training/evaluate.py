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


@torch.no_grad()
def predictions(network: Network, spec: Spec, part: Part) -> Tensor:
    """What ``network`` tells of all sequences of a part, as ``predict`` does, in batches as large as memory allows."""
    network.eval()
    size = max(1, min(1024, BUDGET // (part.x[0].numel() * network.hidden_size)))
    return torch.cat([predict(network, spec, part.take(slice(i, i + size))) for i in range(0, len(part), size)])


def evaluate(network: Network, spec: Spec, part: Part) -> dict[str, float]:
    """Loss, unweighted, and metric of ``network`` on a part: ``{"loss": ..., <metric of the task>: ...}``."""
    return scores(spec, predictions(network, spec, part), part)


def scores(spec: Spec, y: Tensor, part: Part) -> dict[str, float]:
    """Loss and metric of the predictions ``y`` of a part, as ``evaluate`` gives them."""
    return {
        "loss": metrics.loss(spec, y, part.y, part.counted, None).item(),
        spec.metric: metrics.metric(spec, y, part.y, part.counted),
    }
