"""``ltcbench reproduce TABLE... [key=value ...]``: run what tables of the papers need and is not there yet."""

import argparse
import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from ltcbench import places, values
from ltcbench.errors import UserError
from ltcbench.paper import claims, selection, tables
from ltcbench.paper.tables import Cell
from ltcbench.running.executors import Executor, opening
from ltcbench.running.grid import Data, Ended, planned
from ltcbench.running.grid import run as run_all
from ltcbench.settings import composition
from ltcbench.settings.job import Job, tree
from ltcbench.terminal import Parser
from ltcbench.values import Range

if TYPE_CHECKING:
    from ltcbench.reporting.plan import Speeds
    from ltcbench.running.grid import Planned


def run(arguments: list[str]) -> int:
    """Show the plan and carry it out; exit status 1 if a run failed or diverged."""
    options = _options(arguments)
    names, overrides = _tables(options.asked)
    options.executor, overrides = opening.asked(overrides, options.jobs)
    protocols = selection.protocols(options.protocol)
    by_table = _jobs(names, options.only, protocols, overrides, options.seeds)
    jobs = [job for some in by_table.values() for job in some]

    from ltcbench.reporting import index, plan, published

    data = Data()
    plans = [planned(job, data) for job in jobs]
    elsewhere = published.every(published.folder())
    if not options.again:
        plans = plan.with_published(plans, elsewhere)
    speeds = plan.Speeds(index.load(places.runs()), elsewhere)
    if options.budget:
        order = plan.by_worth(plans, speeds)
        if options.dry_run:
            print(plan.ordered(order, speeds, {id(job): name for name, some in by_table.items() for job in some}))
            return 0
        return _within(options, order, speeds, data)
    print(plan.text(plans, speeds, options.executor.get("jobs", 1)), flush=True)
    if options.dry_run:
        return 0
    todo = [plan.job for plan in plans if not plan.done]
    status = 0
    if todo:
        with closing(opening.opened(options.executor)) as executor:
            status = _carry_out(_with_data(todo, data), len(todo), options, executor)
    _measure_baselines(jobs)
    return status


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = Parser("ltcbench reproduce", description=__doc__)
    parser.add_argument(
        "asked",
        metavar="TABLE|key=value",
        nargs="+",
        help="all, or names of ltcbench list tables; settings",
    )
    parser.add_argument("--seeds", type=int, metavar="N", help="runs of a cell (default: as many as the paper has)")
    parser.add_argument(
        "--jobs", type=int, metavar="N", help="processes side by side: executor=local executor.jobs=N (default: 1)"
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="key=value", help="model, task, column or metric"
    )
    parser.add_argument("--protocol", default="paper", metavar="|".join(selection.PROTOCOLS), help="default: paper")
    parser.add_argument("--dry-run", action="store_true", help="show the plan and do nothing")
    parser.add_argument("--again", action="store_true", help="do also what somebody has published")
    parser.add_argument("--budget", metavar="2h30m", help="for so long, what tells most per hour first")
    parser.add_argument("--long", action="store_true", help="within a budget, begin also what cannot end in it")
    parser.add_argument("--fail-fast", action="store_true", help="stop at the first run that does not finish")
    parser.add_argument("--retries", type=int, default=0, metavar="N", help="try a run that failed again (default: 0)")
    options = parser.parse_intermixed_args(arguments)
    values.checked("--seeds", options.seeds, int | None, Range(1, 1000))
    values.checked("--retries", options.retries, int, Range(0, 1000))
    if options.budget is not None:
        options.budget = values.seconds("--budget", options.budget)
    elif options.long:
        raise UserError("--long says what to begin within a budget: set one, e.g. --budget 2h30m.")
    return options


def _tables(asked: Sequence[str]) -> tuple[list[str], list[str]]:
    """The names of tables and the overrides among what was asked for."""
    overrides = [word for word in asked if "=" in word or word.startswith("~")]
    names = [word for word in asked if word not in overrides]
    if not names:
        raise UserError(f"no table in {' '.join(asked)}: expected all, or one of {', '.join(tables.names())}.")
    for name in names:
        if name in claims.names():
            made = claims.claim(name).experiment
            raise UserError(f"no training stands behind {name}: ltcbench experiment {made} makes it.")
    return (tables.names() if "all" in names else names), overrides


def _jobs(
    names: Sequence[str], only: Sequence[str], protocols: Sequence[str], overrides: Sequence[str], seeds: int | None
) -> dict[str, list[Job]]:
    """The jobs behind each of several tables; one that serves two of them stands under the first.

    Raises:
        UserError: nothing of any of them can be run or fits ``only``.
    """
    found: dict[str, list[Job]] = {name: [] for name in names}
    seen: set[str] = set()
    mistakes: list[UserError] = []
    for table in map(tables.table, found):
        try:
            cells = selection.chosen(list(table.cells()), only)
            jobs = jobs_of(cells, protocols, overrides, seeds or table.repetitions)
            found[table.name] = [job for job in jobs if str(tree(job)) not in seen]
            seen |= {str(tree(job)) for job in jobs}
        except UserError as mistake:  # of several tables, some may have nothing that fits
            mistakes.append(mistake)
    if len(mistakes) == len(found):
        raise mistakes[0]
    return found


def _within(options: argparse.Namespace, order: "list[Planned]", speeds: "Speeds", data: Data) -> int:
    """Carry out as much of the plan as a budget of time allows, and say what was won."""
    from ltcbench.reporting import plan

    deadline = time.monotonic() + options.budget
    begun: list[Job] = []
    left = {id(plan.job): plan for plan in order}

    def worth_beginning(job: Job) -> bool:
        seconds = speeds.seconds(left[id(job)])
        fits = seconds is None or seconds <= deadline - time.monotonic()
        if not (fits or left[id(job)].state == "resumable" or options.long) or data.why_missing(job):
            return False
        begun.append(job)
        return True

    with closing(opening.opened(options.executor)) as executor:
        jobs = [plan.job for plan in order]
        status = _carry_out(jobs, len(jobs), options, executor, deadline, worth_beginning)
    if begun:
        won = [planned(job, data) for job in {id(job): job for job in begun}.values()]
        print(plan.text(won, speeds, options.executor.get("jobs", 1)), flush=True)
    if time.monotonic() < deadline:
        _measure_baselines(begun)
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


def _carry_out(
    jobs: Sequence[Job],
    asked: int,
    options: argparse.Namespace,
    executor: Executor,
    deadline: float = math.inf,
    worth_beginning: Callable[[Job], bool] = lambda job: True,
) -> int:
    """Do the jobs and say how each ended; exit status 1 if one of the ``asked`` failed, or did not finish in time."""
    from tqdm import tqdm

    from ltcbench.running import tracking

    ends: Counter[str] = Counter()
    for uri in {job.tracking_uri for job in jobs if job.tracker == "mlflow"}:
        tracking.prepare(uri, {job.task for job in jobs})
    bar = tqdm(total=len(jobs), unit="run", disable=None, dynamic_ncols=True)

    def on_end(ended: Ended) -> None:
        again = " It is tried again." if ended.again else ""
        tqdm.write(f"{ended.job.protocol}: {ended.line}{again}", file=sys.stdout)
        sys.stdout.flush()
        if not ended.again:
            ends[ended.status] += 1
            bar.update()

    ends["failed"] += asked - len(jobs)
    try:
        run_all(jobs, executor, on_end, options.retries, options.fail_fast, deadline, worth_beginning)
    finally:
        bar.close()
    ends["not begun"] = asked - ends.total()
    print(", ".join(f"{n} {status}" for status, n in ends.items() if n) + ".")
    return 0 if ends["finished"] == asked or (deadline < math.inf and not ends["failed"] + ends["diverged"]) else 1


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
    from ltcbench.reporting import index, trivial

    for job in {str(tree(job)["task"]): job for job in jobs}.values():
        if tasks.at_hand(job.task, job.source) and not index.baselines_in(trivial.file(job)):
            print(f"{job.task}: measuring what needs no network.", flush=True)
            trivial.measure(job)
