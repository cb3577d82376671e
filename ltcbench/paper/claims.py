"""The papers' numbers that no training gives: the files of ``conf/claim/``, tables and panels of figures.

Each is made by an experiment, ``ltcbench experiment NAME``, which knows what its numbers are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from ltcbench import places
from ltcbench.errors import unknown
from ltcbench.settings import groups


@dataclass(frozen=True)
class Claim:
    """A table or some panels of a paper.

    Attributes:
        name: e.g. ``ltc-2``.
        title: what it is about.
        source: the paper, and where in it.
        experiment: what makes ours.
        numbers: of the paper, under the experiment's own keys.
        notes: what is to be said of them.
    """

    name: str
    title: str
    source: str
    experiment: str
    numbers: Mapping[str, Any]
    notes: tuple[str, ...]


def names() -> list[str]:
    """The claims, in the order of their papers."""
    return sorted(groups.names("claim"), key=lambda name: (not name.startswith("ltc"), name))


@cache
def claim(name: str) -> Claim:
    """The claim of this name.

    Raises:
        UserError: there is none.
    """
    if name not in names():
        raise unknown("table", name, names())
    text: dict[str, Any] = yaml.safe_load((places.conf() / "claim" / f"{name}.yaml").read_text(encoding="utf-8"))
    return Claim(name, text["title"], text["source"], text["experiment"], text["numbers"], tuple(text.get("notes", ())))
