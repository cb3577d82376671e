"""Sections of runs as text for a terminal, Markdown or CSV."""

import csv
import io
import math
import re
import textwrap
from collections.abc import Sequence

from ltcbench import terminal
from ltcbench.reporting.statistics import Summary
from ltcbench.reporting.sweeps import Group, Section
from ltcbench.running.folder import STATUSES

EXPLANATION = (
    "Validation, at the epoch that counts, and test: mean ± sample deviation (runs that came to an end). "
    "Best epoch and seconds an epoch: medians."
)
_HEAD = ("validation", "test", "best epoch", "s/epoch", "runs", "notes")
_LONGEST = 40  # characters of a value that are shown


def term(sections: Sequence[Section]) -> str:
    """For reading at a terminal."""
    tables = [
        f"{_title(section)}\n{terminal.table(_head(section), [_line(group) for group in section.groups])}"
        for section in sections
    ]
    return "\n\n".join([*tables, textwrap.fill(EXPLANATION, 110)]) + "\n"


def md(sections: Sequence[Section]) -> str:
    """Markdown."""
    parts = []
    for section in sections:
        lines = [[_escaped(text) for text in line] for line in [_head(section), *map(_line, section.groups)]]
        lines.insert(1, ["---"] * len(lines[0]))
        parts += [f"**{_escaped(_title(section))}**", "\n".join(f"| {' | '.join(line)} |" for line in lines)]
    return "\n\n".join([*parts, EXPLANATION]) + "\n"


def to_csv(sections: Sequence[Section]) -> str:
    """A line a group; numbers in full."""
    settings = list(dict.fromkeys(column for section in sections for column in section.columns))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    numbers = ["valid_mean", "valid_std", "valid_n", "test_mean", "test_std", "test_n", "best_epoch", "seconds"]
    writer.writerow(["task", "metric", "direction", *settings, *numbers, *STATUSES, "data_source", "note"])
    for section in sections:
        for group in section.groups:
            names = dict(zip(section.columns, group.names, strict=True))
            values = [*_numbers(group.valid), *_numbers(group.test), group.best_epoch, group.seconds]
            writer.writerow(
                [section.task, section.metric, section.direction, *(names.get(key, "") for key in settings)]
                + ["" if value is None else value for value in values]
                + [*group.states.values(), group.runs[0].run.source, "; ".join(group.marks)]
            )
    return text.getvalue()


def _numbers(found: Summary | None) -> list[float | None]:
    return [found.mean, found.std, found.n] if found else [None, None, 0]


def _title(section: Section) -> str:
    better = {"max": ", higher is better", "min": ", lower is better"}.get(section.direction, "")
    return f"{section.task}: {section.metric}{better}; best {'validation' if section.by_validation else 'test'} first"


def _head(section: Section) -> list[str]:
    return [*section.columns, *_HEAD]


def _line(group: Group) -> list[str]:
    epoch, seconds = group.best_epoch, group.seconds
    return [
        *(name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…" for name in group.names),
        _measured(group.valid),
        _measured(group.test),
        "" if epoch is None else f"{epoch:g}",
        "" if seconds is None else f"{seconds:.3g}",
        ", ".join(f"{count} {status}" for status, count in group.states.items() if count),
        "; ".join(group.marks),
    ]


def _measured(found: Summary | None) -> str:
    if found is None:
        return ""
    if found.std is None:
        return f"{value(found.mean)} (1)"
    digits = min(digits_of(found.std, 2), digits_of(found.mean, 6)) if found.std else digits_of(found.mean, 4)
    return f"{found.mean:.{digits}f} ± {found.std:.{digits}f} ({found.n})"


def value(number: float) -> str:
    """A number with four digits that count."""
    return f"{number:.{digits_of(number, 4)}f}"


def digits_of(number: float, count: int) -> int:
    """How many digits after the point show ``count`` of ``number``, at most eight."""
    return min(max(count - 1 - math.floor(math.log10(abs(number))), 0), 8) if number else count


def _escaped(text: str) -> str:
    return re.sub(r"([|*_<`\[\\])", r"\\\1", text)
