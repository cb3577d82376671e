"""Whether a network was worth its training: its test metric beside those that need none."""

import math
from collections.abc import Mapping
from typing import Literal, NamedTuple


class Standing(NamedTuple):
    """A line for the user.

    Attributes:
        line: the metrics side by side.
        beaten: whether one that needs no network is at least as good.
    """

    line: str
    beaten: bool


def standing(
    metric: str, direction: Literal["max", "min"], ours: float | None, baselines: Mapping[str, float]
) -> Standing:
    """How the network stands beside the baselines.

    Args:
        metric: name of the metric.
        direction: which way it is better.
        ours: the network's; None or NaN: it has none.
        baselines: of each baseline, at least one.
    """
    others = ", ".join(f"{name} {value:.4g}" for name, value in baselines.items())
    sign = 1 if direction == "max" else -1
    value = math.nan if ours is None else ours
    name, best = max(baselines.items(), key=lambda item: sign * item[1])
    beaten = not sign * value > sign * best
    if math.isnan(value):
        return Standing(f"no test {metric}; without a network: {others}.", beaten)
    line = f"test {metric} {value:.4g}; without a network: {others}"
    if beaten:
        line += f". The network does not beat {name}: it may need more epochs, another learning rate or other inputs"
    return Standing(f"{line}.", beaten)
