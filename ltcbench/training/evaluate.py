"""Evaluation without gradients."""

import torch

from ltcbench.models import Network
from ltcbench.tasks.sequences import Spec
from ltcbench.training import metrics
from ltcbench.training.batches import Part, predict

# Elements (batch x time x features x units) that one forward pass may touch: the largest temporary, that of the LTC's
# sensory synapses, then takes 64 MB.
BUDGET = 2**24
SEED = 20190708  # of what a network draws when it is tested


@torch.no_grad()
def evaluate(network: Network, spec: Spec, part: Part) -> dict[str, float]:
    """Loss and metric of ``network`` on a part, in batches as large as memory allows.

    What is drawn at random is the same at every call; torch's global generators stay where they are. Where several
    latents are drawn for a sequence, all predictions count.

    Returns:
        ``{"loss": ..., <metric of the task>: ...}``; the loss is unweighted.
    """
    network.eval()
    size = max(1, min(1024, BUDGET // (part.x[0].numel() * network.hidden_size)))
    with torch.random.fork_rng([part.x.device] if part.x.is_cuda else []):
        torch.manual_seed(SEED)
        y = torch.cat([predict(network, spec, part.take(slice(i, i + size)))[0] for i in range(0, len(part), size)])
    part = part.repeated(len(y) // len(part))
    return {
        "loss": metrics.loss(spec, y, part.y, part.counted, None).item(),
        spec.metric: metrics.metric(spec, y, part.y, part.counted),
    }
