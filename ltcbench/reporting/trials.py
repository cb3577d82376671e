"""What a search came to: its trials as a table, what mattered, a picture, and the line to type for the best."""

import math
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from ltcbench import terminal
from ltcbench.reporting import charts
from ltcbench.reporting.sweep_formats import value as shown
from ltcbench.reporting.sweeps import written
from ltcbench.running.tuning.search import Trial
from ltcbench.running.tuning.space import Choices, Space, Value, overrides
from ltcbench.running.tuning.study import folder

SEEDS = 3  # of the line to type
_STYLE = (
    "<style>text{font:11px sans-serif;fill:#777}.grid{stroke:#8884}.dot{fill:#2a6fb0}.less{fill:#aaa}"
    ".line{fill:none;stroke:#c0392b;stroke-width:1.5}</style>"
)
_WIDTH, _HEIGHT, _BOTTOM = 270, 230, 170  # of a panel, and where its axis lies
_ABREAST = 3


def line(trial: Trial, trials: int) -> str:
    """A trial that ended, in a line."""
    settings = " ".join(f"{key}={written(value)}" for key, value in trial.settings.items())
    number = f"validation {shown(trial.value)} at epoch {trial.epoch}, " if trial.value is not None else ""
    why = f" ({trial.line.rstrip('.')})" if trial.line else ""
    return f"trial {trial.number + 1} of {trials}: {trial.status}{why}, {number}{settings}"


def table(trials: Sequence[Trial]) -> str:
    """All trials, the best first."""
    keys = list(dict.fromkeys(key for trial in trials for key in trial.settings))
    rows = [
        [
            str(trial.number + 1),
            *(written(trial.settings[key]) for key in keys),
            "" if trial.value is None else shown(trial.value),
            "" if trial.epoch is None else str(trial.epoch),
            trial.status,
            trial.run,
        ]
        for trial in trials
    ]
    return terminal.table(["trial", *keys, "validation", "epoch", "state", "run folder"], rows)


def counts(trials: Sequence[Trial]) -> str:
    """How many trials ended how."""
    return ", ".join(f"{number} {status}" for status, number in Counter(trial.status for trial in trials).items())


def importance(shares: Mapping[str, float]) -> str:
    """How much each setting mattered."""
    if not shares:
        return "Importance of the settings: not told, there are too few trials or all came to the same."
    told = ", ".join(f"{key} {share:.0%}" for key, share in shares.items())
    return f"Importance of the settings for being among the best tenth (PED-ANOVA): {told}."


def command(given: Sequence[str], best: Trial) -> str:
    """What to type to train the best with several seeds."""
    fixed = [override for override in given if not override.startswith("seed=")]
    seeds = f"seed={','.join(map(str, range(SEEDS)))}"
    return shlex.join(["ltcbench", "train", "-m", *fixed, *overrides(best.settings), seeds])


def file(name: str) -> Path:
    """Where the picture of a search lies."""
    return folder() / f"{name}.svg"


def picture(trials: Sequence[Trial], space: Space, metric: str, direction: str) -> str:
    """The validation metric of each trial in order, and over each setting, as a standalone SVG.

    Args:
        trials: at least one with a value; those that did not finish are grey.
        space: what was searched.
        metric: the task's.
        direction: whether ``max`` or ``min`` is best.
    """
    known = sorted((trial for trial in trials if trial.value is not None), key=lambda trial: trial.number)
    numbers = [trial.number + 1.0 for trial in known]
    panels = [_panel(known, metric, "trial", numbers, _axis(numbers), _best_so_far(known, direction))]
    for key, domain in space.items():
        values = [trial.settings[key] for trial in known]
        if isinstance(domain, Choices):
            panels.append(_named_panel(known, metric, key, values, domain))
        else:
            numbers = [float(str(value)) for value in values]
            panels.append(_panel(known, metric, key, numbers, _axis(numbers, domain.log)))
    moved = [
        f'<g transform="translate({i % _ABREAST * _WIDTH} {i // _ABREAST * _HEIGHT})">{panel}</g>'
        for i, panel in enumerate(panels)
    ]
    width, height = _WIDTH * min(len(panels), _ABREAST), _HEIGHT * math.ceil(len(panels) / _ABREAST)
    label = f"validation {metric} of {len(known)} trials, in order and over each setting"
    drawn = charts.figure(width, height, label, [_STYLE, *moved])
    return drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1) + "\n"


def _best_so_far(trials: Sequence[Trial], direction: str) -> list[charts.Point]:
    better = max if direction == "max" else min
    points: list[charts.Point] = []
    for trial in trials:
        if trial.status == "finished" and trial.value is not None:
            points.append((trial.number + 1.0, better(trial.value, points[-1][1]) if points else trial.value))
    return points


def _axis(numbers: Sequence[float], log: bool = False) -> charts.Axis:
    return charts.axis(numbers, 60, _WIDTH - 12, log)


class _Unnumbered(charts.Axis):
    """An axis of things that are no numbers."""

    def ticks(self, number: int = 4) -> list[float]:
        """None."""
        return []


def _named_panel(trials: Sequence[Trial], metric: str, key: str, values: Sequence[Value], domain: Choices) -> str:
    """A panel over choices, which stand side by side."""
    x = _Unnumbered(-0.5, len(domain.values) - 0.5, 60, _WIDTH - 12)
    panel = _panel(trials, metric, "", [domain.values.index(value) for value in values], x)
    for place, value in enumerate(domain.values):
        at = f"{x(place)} {_BOTTOM + 12}"
        name = escape(written(value))
        panel += f'<text transform="translate({at}) rotate(-25)" text-anchor="end">{name}</text>'
    return f'{panel}<text x="{x.end}" y="{_HEIGHT - 6}" text-anchor="end">{key}</text>'


def _panel(
    trials: Sequence[Trial],
    metric: str,
    title: str,
    places: Sequence[float],
    x: charts.Axis,
    best: Sequence[charts.Point] = (),
) -> str:
    """A point a trial, and the best so far as a line."""
    values = [trial.value or 0.0 for trial in trials]
    y = charts.axis(values, _BOTTOM, 24)
    parts = charts.frame(x, y, title, f"validation {metric}")
    for trial, place, value in zip(trials, places, values, strict=True):
        kind = "dot" if trial.status == "finished" else "less"
        parts.append(f'<circle class="{kind}" cx="{x(place)}" cy="{y(value)}" r="3"/>')
    if len(best) > 1:
        parts.append(charts.line([(x(number), y(value)) for number, value in best], "line"))
    return "".join(parts)
