"""``ltcbench reproduce TABLE [key=value ...]``: run what a table of the papers needs and is not there yet."""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ltcbench import places
from ltcbench.errors import UserError
from ltcbench.paper import selection, tables
from ltcbench.paper.tables import Cell
from ltcbench.running.grid import Data, Ended, planned
from ltcbench.running.grid import run as run_all
from ltcbench.settings import composition
from ltcbench.settings.job import Job, tree
from ltcbench.terminal import Parser


def run(arguments: list[str]) -> int:
    """Show the plan and carry it out; exit status 1 if a run failed or diverged."""
    parser = Parser("ltcbench reproduce", description=__doc__)
    parser.add_argument("table", metavar="TABLE", help="ltcbench list tables")
    parser.add_argument(
        "overrides", metavar="key=value", nargs="*", help="settings of every run, e.g. trainer.epochs=2"
    )
    parser.add_argument("--seeds", type=int, metavar="N", help="runs of a cell (default: as many as the paper has)")
    parser.add_argument(
        "--jobs", type=int, default=1, metavar="N", help="processes side by side, sharing out the GPUs (default: 1)"
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="key=value", help="model, task, column or metric"
    )
    parser.add_argument("--protocol", default="paper", metavar="|".join(selection.PROTOCOLS), help="default: paper")
    parser.add_argument("--dry-run", action="store_true", help="show the plan and do nothing")
    parser.add_argument("--again", action="store_true", help="do also what somebody has published")
    parser.add_argument("--fail-fast", action="store_true", help="stop at the first run that does not finish")
    parser.add_argument("--retries", type=int, default=0, metavar="N", help="try a run that failed again (default: 0)")
    options = parser.parse_intermixed_args(arguments)
    table = tables.table(options.table)
    seeds = table.repetitions if options.seeds is None else options.seeds
    for flag, value, least in (("seeds", seeds, 1), ("jobs", options.jobs, 1), ("retries", options.retries, 0)):
        if value < least:
            raise UserError(f"--{flag} {value} is out of range: expected at least {least}.")
    protocols = selection.protocols(options.protocol)
    jobs = jobs_of(selection.chosen(list(table.cells()), options.only), protocols, options.overrides, seeds)

    from ltcbench.reporting import index, plan, published

    data = Data()
    plans = [planned(job, data) for job in jobs]
    elsewhere = published.every(published.folder())
    if not options.again:
        plans = plan.with_published(plans, elsewhere)
    print(plan.text(plans, plan.Speeds([*index.load(places.runs()), *elsewhere]), options.jobs), flush=True)
    if options.dry_run:
        return 0
    todo = [plan.job for plan in plans if not plan.done]
    status = _carry_out(todo, data, options.jobs, options.retries, options.fail_fast) if todo else 0
    _measure_baselines(jobs)
    return status


def jobs_of(cells: Sequence[Cell], protocols: Sequence[str], overrides: Sequence[str], seeds: int) -> list[Job]:
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
                job = composition.composed([*cell.overrides(protocol), *overrides])
                if by_hand:
                    from ltcbench.running.checks import check  # torch; the table's own settings need no check

                    check(job)
                found.setdefault(str(tree(job)), job)
    return [replace(job, seed=seed) for seed in range(seeds) for job in found.values()]


def _carry_out(todo: Sequence[Job], data: Data, workers: int, retries: int, fail_fast: bool) -> int:
    """Do the jobs and say how each ended."""
    from tqdm import tqdm

    from ltcbench.running import tracking

    ends: Counter[str] = Counter()
    ready = _with_data(todo, data)
    ends["failed"] += len(todo) - len(ready)
    for uri in {job.tracking_uri for job in ready if job.tracker == "mlflow"}:
        tracking.prepare(uri, {job.task for job in ready})
    bar = tqdm(total=len(ready), unit="run", disable=None, dynamic_ncols=True)

    def on_end(ended: Ended) -> None:
        again = " It is tried again." if ended.again else ""
        tqdm.write(f"{ended.job.protocol}: {ended.line}{again}", file=sys.stdout)
        sys.stdout.flush()
        if not ended.again:
            ends[ended.status] += 1
            bar.update()

    try:
        run_all(ready, workers, on_end, retries, fail_fast)
    finally:
        bar.close()
    ends["not begun"] = len(todo) - ends.total()
    print(", ".join(f"{n} {status}" for status, n in ends.items() if n) + ".")
    return 0 if ends["finished"] == len(todo) else 1


def _with_data(jobs: Sequence[Job], data: Data) -> list[Job]:
    """The jobs whose data are here or can be fetched, which is done now, so that no two processes do it."""
    ready, without = [], Counter[str]()
    for job in jobs:
        why = data.why_missing(job)
        if why:
            without[why] += 1
        else:
            ready.append(job)
    for why, number in without.items():
        print(f"{number} runs without data: {why}", flush=True)
    return ready


def _measure_baselines(jobs: Sequence[Job]) -> None:
    """Measure what needs no network on the data of the jobs, for the tables."""
    from ltcbench import tasks
    from ltcbench.reporting import trivial

    for job in {str(tree(job)["task"]): job for job in jobs}.values():
        if tasks.at_hand(job.task, job.source) and not trivial.file(job).is_file():
            print(f"{job.task}: measuring what needs no network.", flush=True)
            trivial.measure(job)
