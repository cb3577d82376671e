"""``ltcbench reproduce TABLE... [key=value ...]``: run what tables of the papers need and is not there yet."""

import argparse
import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from ltcbench import places, values
from ltcbench.errors import UserError
from ltcbench.paper import claims, selection, tables
from ltcbench.reporting import switches
from ltcbench.reporting.jobs import of_tables
from ltcbench.running.executors import Executor, opening
from ltcbench.running.grid import Data, Ended, planned, run_jobs
from ltcbench.settings.job import Job, tree
from ltcbench.terminal import Parser
from ltcbench.values import Range

if TYPE_CHECKING:
    from ltcbench.reporting.plan import Speeds
    from ltcbench.running.grid import Planned


def main(arguments: list[str]) -> int:
    """Show the plan and carry it out; exit status 1 if a run failed or diverged."""
    options = _options(arguments)
    names, overrides = _tables(options.asked)
    options.executor, overrides = opening.asked(overrides, options.jobs)
    if options.switches:
        groups = switches.of_tables(names, options.only, options.switches, overrides, options.seeds, options.row)
    else:
        protocols = selection.protocols(options.protocol or "paper")
        groups = of_tables(names, options.only, protocols, overrides, options.seeds, options.row)
    jobs = [job for some in groups.values() for job in some]
    group_of = {id(job): name for name, some in groups.items() for job in some}

    from ltcbench.reporting import index, plan, published

    data = Data()
    plans = [planned(job, data) for job in jobs]
    elsewhere = published.every(published.folder())
    if not options.again:
        plans = plan.with_published(plans, elsewhere)
    brought = [] if published.folder() == places.published() else published.every(places.published())
    speeds = plan.Speeds(index.load(places.runs()), [*elsewhere, *brought])
    if options.budget:
        order = plan.by_worth(plans, speeds)
        if options.dry_run:
            print(plan.ordered(order, speeds, group_of))
            return 0
        return _within(options, order, speeds, data)
    print(plan.text(plans, speeds, options.executor.get("jobs", 1)), flush=True)
    if options.switches and (hours := plan.hours(plans, speeds, group_of)):
        print(f"By switch: {hours}.", flush=True)
    if options.dry_run:
        return 0
    todo = [plan.job for plan in plans if not plan.done]
    status = 0
    if todo:
        with closing(opening.opened(options.executor)) as executor:
            status = _carry_out(_with_data(todo, data), len(todo), options, executor, data)
    _measure_baselines(groups[switches.ITSELF] if options.switches else jobs)
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
    parser.add_argument(
        "--row", action="append", default=[], metavar="MODEL", help="a further row, e.g. your own model"
    )
    parser.add_argument("--protocol", metavar="|".join(selection.PROTOCOLS), help="default: paper")
    parser.add_argument(
        "--switches",
        nargs="?",
        const="off",
        metavar="off|on",
        help="beside the cells, each quirk of the authors' code alone turned off (default) or, under clean, on",
    )
    parser.add_argument("--dry-run", action="store_true", help="show the plan and do nothing")
    parser.add_argument("--again", action="store_true", help="do also what somebody has published")
    parser.add_argument("--budget", metavar="2h30m", help="for so long, what tells most per hour first")
    parser.add_argument("--long", action="store_true", help="within a budget, begin also what cannot end in it")
    parser.add_argument("--fail-fast", action="store_true", help="stop at the first run that does not finish")
    parser.add_argument("--retries", type=int, default=0, metavar="N", help="try a run that failed again (default: 0)")
    options = parser.parse_intermixed_args(arguments)
    if options.switches is not None:
        switches.asked(options.switches, options.protocol)
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
        status = _carry_out(jobs, len(jobs), options, executor, data, deadline, worth_beginning)
    if begun:
        won = [planned(job, data) for job in {id(job): job for job in begun}.values()]
        print(plan.text(won, speeds, options.executor.get("jobs", 1)), flush=True)
    if time.monotonic() < deadline:
        _measure_baselines(begun)
    return status


def _carry_out(
    jobs: Sequence[Job],
    asked: int,
    options: argparse.Namespace,
    executor: Executor,
    data: Data,
    deadline: float = math.inf,
    worth_beginning: Callable[[Job], bool] = lambda job: True,
) -> int:
    """Do the jobs and say how each ended; exit status 1 if one of the ``asked`` failed, or did not finish in time."""
    from ltcbench.running import tracking
    from ltcbench.running.watch import Watch

    ends: Counter[str] = Counter()
    for uri in {job.tracking_uri for job in jobs if job.tracker == "mlflow"}:
        tracking.prepare(uri, {job.task for job in jobs})
    watch = Watch(len(jobs), data.folder)

    def on_end(ended: Ended) -> None:
        again = " It is tried again." if ended.again else ""
        watch.say(f"{ended.job.protocol}: {ended.line}{again}")
        if not ended.again:
            ends[ended.status] += 1
            watch.done()

    ends["failed"] += asked - len(jobs)
    try:
        run_jobs(
            jobs,
            executor,
            on_end,
            options.retries,
            options.fail_fast,
            deadline,
            worth_beginning,
            watch.look,
            watch.stopping,
        )
    finally:
        watch.close()
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
