"""Tables of the papers that experiments make: which result stands in one, and how it is published."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ltcbench.errors import UserError
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
        source: folder of runs or of published files; None: the folder of runs, then the published files in it.

    Raises:
        UserError: an override is not right.
    """
    name = claim.experiment
    _, settings = asked(name, [f"protocol={protocol}", *words])
    for runs in [source] if source else [None, published.folder()]:
        folder = ExperimentFolder.of(name, settings, runs)
        result = folder.result()
        if result is not None:
            return Filled(claim, result, folder)
    return Filled(claim, Result(name, protocol, settings, {}), None)


def exhibit(claim: Claim, protocols: Sequence[str], source: Path | None) -> Exhibit:
    """A table as it stands in the report; ``source`` as in ``filled``."""
    found = {protocol: filled(claim, protocol, (), source) for protocol in protocols}
    parts = {protocol: (its.layout, its.folder.picture() if its.folder else "") for protocol, its in found.items()}
    return Exhibit(claim.name, claim.title, claim.source, f"ltcbench experiment {claim.experiment}", parts)


def publish(table: Filled) -> Path:
    """Put result and picture into the published files, and return where.

    Raises:
        UserError: there is none.
    """
    its = table.result
    if table.folder is None:
        again = f"ltcbench experiment {its.name} protocol={its.protocol}"
        raise UserError(f"there is no result of {its.name} under {its.protocol} to publish: {again} makes it.")
    target = ExperimentFolder.of(its.name, its.settings, published.folder())
    for file in (RESULT, PICTURE, *([MEASURED] if table.result.measured else [])):
        write(target.path / file, (table.folder.path / file).read_bytes())
    return target.path
