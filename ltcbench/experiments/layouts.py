"""The tables of experiments as text."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from ltcbench.experiments.asked import asked
from ltcbench.experiments.experiment import Result
from ltcbench.reporting.layout import PROTOCOLS, Text


def lines(rows: Sequence[Sequence[str]], best: Collection[tuple[int, int]] = ()) -> tuple[tuple[Text, ...], ...]:
    """Lines of text; ``best`` are the places, line and column, that are marked as such."""
    return tuple(tuple(Text(text, (i, j) in best) for j, text in enumerate(row)) for i, row in enumerate(rows))


def under(result: Result) -> str:
    """The protocol in words, with the settings that are not its own."""
    _, usual = asked(result.name, [f"protocol={result.protocol}"])
    return ", ".join([PROTOCOLS[result.protocol], *_differing(asdict(result.settings), asdict(usual), "")])


def _differing(given: dict[str, Any], usual: dict[str, Any], prefix: str) -> list[str]:
    found: list[str] = []
    for key, value in given.items():
        if isinstance(value, dict):
            found += _differing(value, usual[key], f"{prefix}{key}.")
        elif value != usual[key]:
            found.append(f"{prefix}{key}={written(value)}")
    return found


def written(value: Any) -> str:
    """A value as it is set on the command line."""
    if isinstance(value, tuple):
        return f"[{','.join(map(str, value))}]"
    return str(value).lower() if isinstance(value, bool) else "null" if value is None else f"{value}"
