"""One switch at a time: what the jobs behind a cell become when a single quirk of the authors' code is turned.

``off``: the paper's protocol with one quirk off that is on there. ``on``: the clean protocol with one quirk on that is
on under the paper's.
"""

from collections.abc import Sequence
from dataclasses import replace

from ltcbench.errors import UserError, unknown
from ltcbench.paper import selection, tables
from ltcbench.paper.tables import Cell
from ltcbench.reporting import jobs
from ltcbench.settings import composition
from ltcbench.settings.job import Job, tree

PROTOCOLS = {"off": "paper", "on": "clean"}  # under which switches are turned that way
ITSELF = "the cells themselves"

# Quirks that change nothing but elapsed times, which some models ignore.
ELAPSED_ONLY = {
    ("ozone", "time_ignored"),
    ("person", "time_ignored"),
    ("person_readings", "time_ignored"),
    ("physionet", "time_bug"),
    ("imdb", "elapsed_zero"),
}
# Quirks that change nothing but missing values, in whose place most models see the last one observed.
MISSING_ONLY = {("physionet", "missing_values_scaled")}


def protocol(way: str) -> str:
    """The protocol under which switches are turned ``off`` or ``on``.

    Raises:
        UserError: ``way`` is neither.
    """
    if way not in PROTOCOLS:
        raise unknown("way to turn switches", way, PROTOCOLS)
    return PROTOCOLS[way]


def asked(way: str, chosen: str | None) -> None:
    """See that ``--switches`` says a way to turn them, and that no protocol was chosen besides.

    Raises:
        UserError: it does not, or one was.
    """
    its = protocol(way)
    if chosen is not None:
        raise UserError(f"--switches {way} turns them under protocol={its}: leave out --protocol {chosen}.")


def override(quirk: str, way: str) -> str:
    """What turns a quirk on the command line."""
    return f"task.quirks.{quirk}={str(way == 'on').lower()}"


def turned(cell: Cell, way: str, overrides: Sequence[str] = ()) -> tuple[Job, dict[str, Job]]:
    """A cell's own job and, by quirk, the same with that quirk alone turned; without those that change nothing.

    Args:
        cell: a cell that can be run.
        way: ``off`` or ``on``.
        overrides: settings besides the cell's own, of all jobs.

    Raises:
        UserError: an override is wrong.
    """
    own = composition.composed([*cell.overrides(protocol(way)), *overrides])
    paper = own if way == "off" else composition.composed([*cell.overrides("paper"), *overrides])
    on = way == "on"
    quirks = [name for name, was in paper.quirks.items() if was and own.quirks[name] != on and _concerns(name, own)]
    return own, {name: replace(own, quirks={**own.quirks, name: on}) for name in quirks}


def _concerns(quirk: str, job: Job) -> bool:
    """Whether the model of a job can see what the quirk changes."""
    from ltcbench.models import registry  # torch

    cell = registry.model(job.model).cell
    if (job.task, quirk) in ELAPSED_ONLY:
        return cell.uses_elapsed
    return (job.task, quirk) not in MISSING_ONLY or cell.takes_mask


def of_tables(
    names: Sequence[str],
    only: Sequence[str],
    way: str,
    overrides: Sequence[str],
    seeds: int | None,
    rows: Sequence[str] = (),
) -> dict[str, list[Job]]:
    """The jobs behind tables, with further rows: the cells' own under ``ITSELF``, then by what turns a quirk.

    Each stands there once.

    Raises:
        UserError: as ``jobs.of_tables``.
    """
    own = jobs.of_tables(names, only, (protocol(way),), overrides, seeds, rows)
    found = {ITSELF: [job for some in own.values() for job in some]}
    seen = {str(tree(job)) for job in found[ITSELF]}
    for table in (selection.with_rows(tables.table(name), rows) for name, some in own.items() if some):
        for cell in selection.chosen(list(table.cells()), only):
            if cell.why_not_run or protocol(way) not in cell.column.protocols:
                continue
            for quirk, variant in turned(cell, way, overrides)[1].items():
                for seed in range(seeds or table.repetitions):
                    job = replace(variant, seed=seed)
                    if str(tree(job)) not in seen:
                        seen.add(str(tree(job)))
                        found.setdefault(override(quirk, way), []).append(job)
    return found
