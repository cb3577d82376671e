"""What the runs of a cell have to look like: composed by Hydra as ``ltcbench train`` does, and remembered.

A composition takes a tenth of a second and a table has up to a hundred, so what came out is kept in ``.composed.json``
for as long as neither the configuration nor the code that reads it changes.
"""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ltcbench import places
from ltcbench.errors import Failure
from ltcbench.files import from_json, write
from ltcbench.plugins import named, registered
from ltcbench.reporting import index
from ltcbench.settings import composition, job, numerics
from ltcbench.settings.job import tree

FILE = ".composed.json"


@dataclass(frozen=True)
class Wanted:
    """What a run must have to belong to a cell.

    Attributes:
        settings: its digest, as in ``index.Run``.
        data: the digest of its data, as a baseline has.
        epochs: of a whole training.
    """

    settings: str
    data: str
    epochs: int


class Composer:
    """Composes the jobs of cells; ``save`` it after use."""

    def __init__(self) -> None:
        self.path = places.runs() / FILE
        self.state = _state()
        self.known = self._saved()
        self.fresh = False

    def _saved(self) -> dict[str, list[Any]]:
        try:
            saved = from_json(self.path.read_text(encoding="utf-8"))
            jobs = saved["jobs"].items() if saved["state"] == self.state else ()
            return {key: values for key, values in jobs if [type(value) for value in values] == [str, str, int]}
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return {}

    def wanted(self, overrides: Sequence[str]) -> Wanted:
        """What runs with these overrides have to look like.

        Raises:
            UserError: an override is not one, or names something that does not exist.
        """
        key = " ".join(overrides)
        if key not in self.known:
            asked = tree(composition.composed(overrides))
            self.known[key] = [index.digest(asked), index.data_digest(asked), asked["trainer"]["epochs"]]
            self.fresh = True
        return Wanted(*self.known[key])

    def save(self) -> None:
        """Remember what was composed, if the disk lets us."""
        if self.fresh:
            with suppress(Failure):
                write(self.path, json.dumps({"state": self.state, "jobs": self.known}).encode(), lasting=False)


def _state() -> str:
    """A digest of everything that decides what comes out."""
    others = ("table", "claim", "experiment")
    files = sorted(path for path in places.conf().rglob("*.yaml") if path.parent.name not in others)
    code = [Path(module.__file__ or "") for module in (composition, job, numerics, index)]
    found = hashlib.sha256()
    files += [path for folder in named.folders() for path in sorted(folder.rglob("*.yaml"))]
    for path in (*files, *code):
        found.update(path.name.encode() + path.read_bytes())
    for own in registered.REGISTERED.values():
        found.update(f"{own.kind} {own.name} {own.sha256} {own.settings}".encode())
    return found.hexdigest()
