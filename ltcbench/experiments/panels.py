"""The networks of the panels of the LTC paper's figures 2 and 3."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ltcbench.paper import claims

PANELS: Mapping[str, Any] = claims.claim("ltc-trajectory").numbers


@dataclass(frozen=True)
class Network:
    """What is drawn: activation, units of a layer, layers, spread of the weights."""

    activation: str
    width: int
    layers: int
    spread: float

    @property
    def name(self) -> str:
        """As a key of ``result.json``."""
        return f"{self.activation} {self.width} {self.layers} {self.spread:g}"


def network(settings: Any, entry: Mapping[str, Any]) -> Network:
    """The network of a panel's entry, with what is set for all."""
    return Network(
        settings.activation or entry["activation"],
        settings.width or entry["width"],
        settings.layers or entry["layers"],
        settings.spread or float(entry["spread"]),
    )


def all_networks(settings: Any) -> list[Network]:
    """The networks of all chosen panels, each once."""
    return list(dict.fromkeys(network(settings, entry) for panel in settings.panels for entry in PANELS[panel]))
