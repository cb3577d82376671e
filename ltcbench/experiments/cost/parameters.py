"""Parameters of the recurrent part, without inputs and read-out, beside the LTC paper's table S2 for one layer."""

from collections.abc import Callable, Mapping
from typing import Any

from ltcbench import models

# Of k units; the CT-GRU has m = 8 time constants here as in its paper.
PAPER: Mapping[str, tuple[str, Callable[[int], int]]] = {
    "ltc": ("4k² + 3k", lambda k: 4 * k * k + 3 * k),
    "ctrnn": ("k² + 2k", lambda k: k * k + 2 * k),
    "lstm": ("4k² + 4k", lambda k: 4 * k * k + 4 * k),
    "ode_rnn": ("k² + k", lambda k: k * k + k),
    "ctgru": ("2mk² + 2mk + k² + k", lambda k: 2 * 8 * k * k + 2 * 8 * k + k * k + k),
}


def recurrent(model: str, units: int, **options: Any) -> int:
    """How many parameters a cell of ``units`` would have without inputs: what each input adds is taken off."""
    one, two = (models.build(model, inputs, units, **options).size() for inputs in (1, 2))
    return 2 * one - two
