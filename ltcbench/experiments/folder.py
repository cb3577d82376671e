"""Folders of experiments: ``runs/experiments/<name>/<fingerprint>/``.

``settings.yaml`` (what was asked), ``draws.csv`` (all draws, as far as they are done), ``result.json`` (what they came
to) and ``picture.svg``. Nothing in them depends on when or how fast: the same command gives the same bytes. Where an
experiment measures times, these are in ``measured.json``.
"""

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import yaml

from ltcbench import places
from ltcbench.errors import UserError
from ltcbench.experiments.asked import checked
from ltcbench.experiments.experiment import Draw, Experiment, Result, Row, Value, experiment, input_files
from ltcbench.files import from_json, write
from ltcbench.running.folder import RunFolder

Done = dict[tuple[Value, ...], list[Row]]
RESULT, DRAWS, PICTURE, SETTINGS = "result.json", "draws.csv", "picture.svg", "settings.yaml"
MEASURED = "measured.json"


def fingerprint(name: str, its: Experiment, settings: Any) -> str:
    """The identity of an experiment's result: 12 hexadecimal digits over everything that decides its numbers.

    Of a file that a setting names its content counts, not where it lies.

    Raises:
        UserError: such a file cannot be read.
    """
    decides = {"experiment": name, "numerics": its.NUMERICS, **asdict(settings)}
    decides |= {key: _content(key, decides[key]) for key in input_files(its) if decides[key] is not None}
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:12]


def _content(key: str, path: str) -> str:
    """SHA-256 of a file."""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except (OSError, ValueError) as error:
        raise UserError(f"{key}={path} cannot be read ({error}): expected a file.") from None


class ExperimentFolder:
    """One experiment on disk.

    Args:
        path: its folder; created when something is first written.
        its: the experiment.
    """

    def __init__(self, path: Path, its: Experiment) -> None:
        self.path = path
        self.its = its
        self.lock = RunFolder(path).lock

    @classmethod
    def of(cls, name: str, settings: Any, runs: Path | None = None) -> "ExperimentFolder":
        """The folder of an experiment with these settings, in the folder of runs or in another like it."""
        its = experiment(name)
        return cls((runs or places.runs()) / "experiments" / name / fingerprint(name, its, settings), its)

    def done(self, draws: Sequence[Draw]) -> Done:
        """The lines of the draws that stand whole in ``draws.csv``, by key; none of a file that cannot be read."""
        try:
            text = (self.path / DRAWS).read_text(encoding="utf-8")
            names, *lines = csv.reader(io.StringIO(text))
        except (OSError, ValueError, csv.Error):
            return {}
        kinds = {**self.its.KEY, **self.its.COLUMNS}
        if names != list(kinds):
            return {}
        found: Done = {}
        for line in lines if text.endswith("\n") else lines[:-1]:
            row = _typed(line, kinds)
            if row is not None:
                found.setdefault(tuple(row[name] for name in self.its.KEY), []).append(row)
        wanted: dict[tuple[Value, ...], int] = {draw.key: draw.rows for draw in draws}
        return {key: rows for key, rows in found.items() if len(rows) == wanted.get(key)}

    def picture(self) -> str:
        """The SVG text, empty if there is none."""
        try:
            return (self.path / PICTURE).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return ""

    def write_settings(self, protocol: str, settings: Any) -> None:
        """Write ``settings.yaml``."""
        text = yaml.safe_dump(_plain({"protocol": protocol, **asdict(settings)}), sort_keys=False, allow_unicode=True)
        write(self.path / SETTINGS, text.encode())

    def write_draws(self, rows: Sequence[Row], lasting: bool) -> None:
        """Write ``draws.csv``, all lines anew."""
        text = io.StringIO()
        writer = csv.DictWriter(text, [*self.its.KEY, *self.its.COLUMNS], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write(self.path / DRAWS, text.getvalue().encode(), lasting)

    def write_picture(self, picture: bytes) -> None:
        """Write ``picture.svg``."""
        write(self.path / PICTURE, picture)

    def write_result(self, result: Result, versions: Mapping[str, Any]) -> None:
        """Write ``result.json``."""
        content = {
            "experiment": result.name,
            "protocol": result.protocol,
            "settings": asdict(result.settings),
            "versions": dict(versions),
            "values": result.values,
        }
        write(self.path / RESULT, (json.dumps(content, indent=1, allow_nan=False) + "\n").encode())

    def result(self) -> Result | None:
        """What ``result.json`` says, None if there is none or it cannot be read as one."""
        try:
            return replace(read_result(self.path / RESULT), measured=self._measured())
        except UserError:
            return None

    def write_measured(self, measured: Mapping[str, Any]) -> None:
        """Write ``measured.json``."""
        write(self.path / MEASURED, (json.dumps(measured, indent=1, allow_nan=False) + "\n").encode())

    def _measured(self) -> Mapping[str, Any]:
        """What ``measured.json`` says, nothing if there is none or it cannot be read."""
        try:
            content = from_json((self.path / MEASURED).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}


def read_result(path: Path) -> Result:
    """What a ``result.json`` says.

    Raises:
        UserError: it is not one.
    """
    try:
        content = from_json(path.read_text(encoding="utf-8"))
        kinds = {"experiment": str, "protocol": str, "settings": dict, "values": dict}
        if not isinstance(content, dict) or any(type(content.get(key)) is not kind for key, kind in kinds.items()):
            raise ValueError("something is missing in it")
        settings = checked(experiment(content["experiment"]), content["settings"])
    except (OSError, ValueError, UserError) as error:
        raise UserError(
            f"{path} is not the result of an experiment ({error}): expected what ltcbench experiment writes."
        ) from None
    return Result(content["experiment"], content["protocol"], settings, content["values"])


def _typed(line: Sequence[str], kinds: Mapping[str, type]) -> dict[str, Value] | None:
    """A line of ``draws.csv`` as values, an empty field as None; None if it is damaged."""
    if len(line) != len(kinds):
        return None
    try:
        return {name: kind(text) if text else None for text, (name, kind) in zip(line, kinds.items(), strict=True)}
    except ValueError:
        return None


def _plain(value: Any) -> Any:
    """Tuples as lists, for YAML."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (tuple, list)) else value
