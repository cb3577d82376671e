"""The jobs behind tables of the papers."""

from collections.abc import Sequence
from dataclasses import replace

from ltcbench import memo
from ltcbench.errors import UserError
from ltcbench.paper import selection, tables
from ltcbench.paper.tables import Cell
from ltcbench.plugins import named, registered
from ltcbench.settings import composition
from ltcbench.settings.job import Job, checked, tree


def of_tables(
    names: Sequence[str],
    only: Sequence[str],
    protocols: Sequence[str],
    overrides: Sequence[str],
    seeds: int | None,
    rows: Sequence[str] = (),
) -> dict[str, list[Job]]:
    """The jobs behind each of several tables, with further rows; one that serves two of them stands under the first.

    Raises:
        UserError: nothing of any of them can be run or fits ``only``.
    """
    found: dict[str, list[Job]] = {name: [] for name in names}
    seen: set[str] = set()
    mistakes: list[UserError] = []
    for table in (selection.with_rows(tables.table(name), rows) for name in found):
        try:
            cells = selection.chosen(list(table.cells()), only)
            jobs = of_cells(cells, protocols, overrides, seeds or table.repetitions)
            found[table.name] = [job for job in jobs if str(tree(job)) not in seen]
            seen |= {str(tree(job)) for job in jobs}
        except UserError as mistake:  # of several tables, some may have nothing that fits
            mistakes.append(mistake)
    if len(mistakes) == len(found):
        raise mistakes[0]
    return found


def of_cells(cells: Sequence[Cell], protocols: Sequence[str], overrides: Sequence[str], seeds: int) -> list[Job]:
    """The jobs behind cells: all of one seed, then those of the next; a job that serves two cells once.

    Raises:
        UserError: none of the cells can be run, or an override is wrong.
    """
    selection.check_overrides(overrides)
    runnable = [cell for cell in cells if not cell.why_not_run]
    if not runnable:
        raise UserError(f"nothing of {cells[0].table.name} can be run here ({cells[0].why_not_run}).")
    by_hand = any(override.lstrip("+").startswith(("model.", "task.")) for override in overrides)
    found: dict[str, Job] = {}
    for protocol in protocols:
        for cell in runnable:
            if protocol in cell.column.protocols:
                job = _composed([*cell.overrides(protocol), *overrides])
                if by_hand:
                    from ltcbench.running.checks import check  # torch; the table's own settings need no check

                    check(job)
                found.setdefault(str(tree(job)), job)
    return [replace(job, seed=seed) for seed in range(seeds) for job in found.values()]


def _composed(overrides: Sequence[str]) -> Job:
    """The job of these overrides, whose composition is remembered unless they may look elsewhere, as ${oc.env:X}, or
    there is configuration of the user's own.
    """
    if any("$" in override for override in overrides) or named.folders() or registered.REGISTERED:
        return composition.composed(overrides)
    settings, recipe = memo.remembered(("composed", overrides), lambda: composition.plain(overrides))
    return checked(settings, recipe)
