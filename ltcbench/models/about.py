"""What there is to say about a model, read from the docstring of its cell's module."""

import inspect
import sys
from dataclasses import dataclass

from ltcbench.models.registry import model


@dataclass(frozen=True)
class About:
    """A model in words.

    Attributes:
        name: the model.
        family: ``liquid``, ``ode``, ``gated``, ``classical`` or ``attention``.
        source: title and source, one line.
        uses_elapsed: whether the time between steps enters.
        takes_mask: whether it treats missing values itself; elsewhere the last observed value is carried forward.
        equation: the cell's equations, several lines.
        symbols: the paper's symbols and the parameters that hold them, a line each.
        deviations: where it differs from the paper, a line each.
        rows: tables of the papers in which it has rows.
    """

    name: str
    family: str
    source: str
    uses_elapsed: bool
    takes_mask: bool
    equation: str
    symbols: tuple[str, ...]
    deviations: tuple[str, ...]
    rows: tuple[str, ...]


def about(name: str) -> About:
    """What there is to say about a model.

    Raises:
        UserError: unknown model.
    """
    entry = model(name)
    text = inspect.cleandoc(sys.modules[entry.cell.__module__].__doc__ or "")
    head, _, tail = text.partition("\nSymbols:\n")
    symbols, _, deviations = tail.partition("\nDeviations:\n")
    title, _, equation = head.partition("\n\n")
    return About(
        name,
        entry.family,
        " ".join(title.split()).rstrip("."),
        entry.cell.uses_elapsed,
        entry.cell.takes_mask,
        equation.strip("\n"),
        _items(symbols),
        _items(deviations),
        entry.rows,
    )


def _items(text: str) -> tuple[str, ...]:
    """The items of a list in which each begins with ``-``."""
    return tuple(" ".join(item.split()) for item in f"\n{text}".split("\n    - ")[1:])
