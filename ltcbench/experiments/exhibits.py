"""Tables of the papers that experiments make: which result stands in one, and how it is published."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ltcbench import places
from ltcbench.experiments.asked import asked
from ltcbench.experiments.experiment import Result, experiment
from ltcbench.experiments.folder import MEASURED, PICTURE, RESULT, ExperimentFolder
from ltcbench.files import write
from ltcbench.paper.claims import Claim
from ltcbench.reporting import published
from ltcbench.reporting.layout import Layout
from ltcbench.reporting.report import Exhibit


@dataclass(frozen=True)
class Filled:
    """A table of a paper under one protocol.

    Attributes:
        claim: the paper's numbers.
        result: ours; without values where there is none yet.
        folder: where ours lies, None where there is none.
    """

    claim: Claim
    result: Result
    folder: ExperimentFolder | None

    @property
    def layout(self) -> Layout:
        """As text."""
        return experiment(self.result.name).TABLES[self.claim.name](self.result)


def filled(claim: Claim, protocol: str, words: Sequence[str] = (), source: Path | None = None) -> Filled:
    """A table with our result.

    Args:
        claim: the table.
        protocol: ``paper`` or ``clean``.
        words: overrides of the experiment's settings.
        source: folder of runs or of published files; None: the folder of runs, then the published files in it. Where
            there is no result with as many draws in either, the one with the most stands in, and its title says so.

    Raises:
        UserError: an override is not right.
    """
    name = claim.experiment
    _, settings = asked(name, [f"protocol={protocol}", *words])
    sources = [source] if source else [places.runs(), published.folder()]
    exact = [ExperimentFolder.of(name, settings, runs) for runs in sources]
    for folder in (*exact, *(_fewer(runs, name, settings) for runs in sources)):
        if folder is not None and (result := folder.result()) is not None:
            return Filled(claim, result, folder)
    return Filled(claim, Result(name, protocol, settings, {}), None)


def _fewer(runs: Path, name: str, settings: Any) -> ExperimentFolder | None:
    """The folder with the most draws of those whose settings are the same but for their number."""
    if not hasattr(settings, "draws"):
        return None
    folder = ExperimentFolder.of(name, settings, runs)
    others = [ExperimentFolder(path.parent, folder.its) for path in folder.path.parent.glob(f"*/{RESULT}")]
    there = [(result.settings.draws, other) for other in others if (result := other.result()) is not None]
    alike = [
        (draws, other)
        for draws, other in there
        if other.path == ExperimentFolder.of(name, replace(settings, draws=draws), runs).path
    ]
    return max(alike, key=lambda found: found[0])[1] if alike else None


def exhibit(claim: Claim, protocols: Sequence[str], source: Path | None) -> Exhibit:
    """A table as it stands in the report; ``source`` as in ``filled``."""
    found = {protocol: filled(claim, protocol, (), source) for protocol in protocols}
    parts = {protocol: (its.layout, its.folder.picture() if its.folder else "") for protocol, its in found.items()}
    return Exhibit(claim.name, claim.title, claim.source, f"ltcbench experiment {claim.experiment}", parts)


def publish(folder: ExperimentFolder, result: Result) -> Path:
    """Put result and picture into the published files, and return where."""
    target = ExperimentFolder.of(result.name, result.settings, published.folder())
    for file in (RESULT, PICTURE, *([MEASURED] if result.measured else [])):
        write(target.path / file, (folder.path / file).read_bytes())
    return target.path
