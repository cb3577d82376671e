"""Learning curves: from the folders of runs, or from the thinned ones that lie beside the published results.

``published/curves/<name>.json`` belongs to ``published/<name>.csv``: a line a run, its fingerprint, what was measured,
the epochs that were kept and the values there.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ltcbench.errors import UserError
from ltcbench.files import from_json, write
from ltcbench.reporting.index import Run, is_number

POINTS = 60  # of a published curve
DIGITS = 4  # of a published value
FOLDER = "curves"


@dataclass(frozen=True)
class Curve:
    """A metric after epochs.

    Attributes:
        series: which, e.g. ``valid_mse``; of the training part where there is no validation.
        epochs: counted from 1, rising.
        values: there, as the task measures it: a share, not per cent.
    """

    series: str
    epochs: tuple[int, ...]
    values: tuple[float, ...]

    def thinned(self, epochs: int, points: int = POINTS) -> "Curve":
        """At most ``points`` of its points, the last one among them.

        Which ones is decided by the number of epochs that were asked for: all runs of a cell keep the same.
        """
        step = max(epochs - 1, 1) / (points - 2)
        kept = {round(1 + i * step) for i in range(points - 1)} | {self.epochs[-1]}
        both = [(epoch, value) for epoch, value in zip(self.epochs, self.values, strict=True) if epoch in kept]
        return Curve(self.series, tuple(epoch for epoch, _ in both), tuple(value for _, value in both))


@dataclass(frozen=True)
class Curves:
    """Where curves come from: a folder of run folders, of published files, or of both."""

    folder: Path

    def of(self, run: Run) -> Curve | None:
        """The curve of a run, None where there is none."""
        return measured(run, self.folder) or self._published.get(run.fingerprint)

    @cached_property
    def _published(self) -> dict[str, Curve]:
        return {name: curve for path in sorted(self.folder.glob(f"{FOLDER}/*.json")) for name, curve in read(path)}


def measured(run: Run, folder: Path) -> Curve | None:
    """The curve in the folder of a run, None where it is not there or damaged."""
    try:
        path = folder / run.task / run.model / run.fingerprint / "metrics.csv"
        head, *lines = path.read_text(encoding="utf-8").splitlines()
        names = head.split(",")
        series = next(name for name in (f"valid_{run.metric}", f"train_{run.metric}") if name in names)
        rows = [line.split(",") for line in lines]
        return _checked(series, [int(row[0]) for row in rows], [float(row[names.index(series)]) for row in rows])
    except (OSError, ValueError, IndexError, StopIteration):
        return None


def _checked(series: object, epochs: Sequence[object], values: Sequence[object]) -> Curve | None:
    """The curve up to where its values are numbers; None without any.

    Raises:
        ValueError: no curve can be like this.
    """
    whole = [epoch for epoch in epochs if type(epoch) is int and epoch > 0]
    if not isinstance(series, str) or whole != [*epochs] or whole != sorted(set(whole)) or len(whole) != len(values):
        raise ValueError("no curve")
    length = next((i for i, value in enumerate(values) if not is_number(value)), len(values))
    numbers = tuple(float(value) for value in values[:length] if isinstance(value, int | float))
    return Curve(series, tuple(whole[:length]), numbers) if length else None


def read(path: Path) -> list[tuple[str, Curve]]:
    """The curves of a published file, by the fingerprints of their runs.

    Raises:
        UserError: it is not one.
    """
    try:
        lines = from_json(path.read_text(encoding="utf-8"))
        found = [(name, _checked(**line)) for name, line in lines.items()]
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path} is not a file of published curves ({error}): expected what ltcbench table --publish writes."
        ) from None
    return [(name, curve) for name, curve in found if curve]


def publish(path: Path, runs: Iterable[Run], sources: Iterable[Curves]) -> None:
    """Write the curves of the runs of a published file beside it; those that are there already stay as they are.

    Args:
        path: the published file.
        runs: that stand in it.
        sources: where curves are looked for.

    Raises:
        UserError: the file of curves that is there is damaged.
        Failure: it cannot be written.
    """
    file = path.parent / FOLDER / f"{path.name.removesuffix('.csv')}.json"
    there: Mapping[str, Curve] = dict(read(file)) if file.is_file() else {}
    every, found = list(sources), dict(there)
    for run in runs:
        if run.fingerprint and run.fingerprint not in found:
            curve = next((curve for source in every if (curve := source.of(run))), None)
            found |= {run.fingerprint: curve.thinned(run.epochs)} if curve else {}
    if found != there:
        lines = ",\n".join(f"{json.dumps(name)}: {_line(found[name])}" for name in sorted(found))
        write(file, f"{{\n{lines}\n}}\n".encode())


def _line(curve: Curve) -> str:
    values = [float(f"{value:.{DIGITS}g}") for value in curve.values]
    return json.dumps({"series": curve.series, "epochs": curve.epochs, "values": values}, separators=(",", ":"))
