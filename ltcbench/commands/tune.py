"""``ltcbench tune model=NAME task=NAME search=NAME [key=value ...]``: search for settings, by the validation metric.

tune.trials=40 is how many settings are tried, tune.sampler=tpe|random how they are drawn, tune.seed=0 with which seed.
The same command goes on with a search that broke off, and with more trials.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from ltcbench import values
from ltcbench.errors import UserError, unknown
from ltcbench.files import from_yaml, write
from ltcbench.settings import composition, groups
from ltcbench.terminal import Parser
from ltcbench.values import Range

if TYPE_CHECKING:
    from ltcbench.running.tuning.search import Trial
    from ltcbench.running.tuning.study import Plan
    from ltcbench.tasks import SequenceData

DEFAULTS = {"tune.trials": "40", "tune.sampler": "tpe", "tune.seed": "0"}


def main(arguments: list[str]) -> int:
    """Search, and say what came out; exit status 1 if no trial finished."""
    parser = Parser("ltcbench tune", description=__doc__)
    parser.add_argument("asked", metavar="key=value", nargs="+", help="the search, and the settings of every trial")
    parser.add_argument(
        "--jobs", type=int, metavar="N", help="trials side by side: executor=local executor.jobs=N (default: 1)"
    )
    options = parser.parse_intermixed_args(arguments)

    from ltcbench.running.executors import opening

    where, asked = opening.asked(options.asked, options.jobs)
    own, given = _parted(asked)
    trials = _whole("tune.trials", own, Range(1, 10**6))
    plan, data = _plan(own, given)

    from ltcbench.reporting import trials as report
    from ltcbench.running import tracking
    from ltcbench.running.folder import RunFolder, fingerprint
    from ltcbench.running.tuning import search, study
    from ltcbench.running.watch import Watch

    if plan.job.tracker == "mlflow":
        tracking.prepare(plan.job.tracking_uri, {plan.job.task})

    with study.opened(plan) as opened:
        done = len(search.ended(opened))
        print(f"search {plan.name}: {done} of {trials} trials are done.", flush=True)
        watch = Watch(max(trials - done, 0), lambda job: RunFolder.of(job, fingerprint(job, data.checksums)))
        with closing(opening.opened(where)) as executor, closing(watch):

            def on_end(trial: "Trial") -> None:
                watch.say(report.line(trial, trials))
                watch.done()

            search.search(opened, plan, data.metric, executor, trials, on_end, watch.look, watch.stopping)
        ended, shares = search.ended(opened), study.importances(opened)
    return _told(plan, data, ended, shares)


def _parted(asked: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The settings of the search, and the overrides of its trainings.

    Raises:
        UserError: an unknown setting of the search, or none is named.
    """
    own, given = dict(DEFAULTS), []
    for word in asked:
        key, _, value = word.partition("=")
        if key.startswith("tune.") and key not in DEFAULTS:
            raise unknown("setting of a search", key, DEFAULTS)
        if key in DEFAULTS or key == "search":
            own[key] = value
        else:
            given.append(word)
    if "search" not in own:
        raise UserError(
            f"no search is named: write search=NAME with one of {', '.join(groups.names('search'))}, "
            "or search=FILE.yaml with ranges of your own."
        )
    return own, given


def _whole(key: str, own: Mapping[str, str], allowed: Range) -> int:
    """A setting that is a whole number."""
    try:
        value = from_yaml(own[key])
    except ValueError:
        value = own[key]
    found: int = values.checked(key, value, int, allowed)
    return found


def _plan(own: Mapping[str, str], given: Sequence[str]) -> "tuple[Plan, SequenceData]":
    """What is searched, and on which data.

    Raises:
        UserError: something of it is not right, or there is nothing to choose by.
    """
    job = composition.composed(given)
    if job.force:
        raise UserError("force=true does a run again, and a search begins with what was done before: leave it out.")

    from ltcbench import tasks
    from ltcbench.running.checks import check
    from ltcbench.running.tuning import space, study

    if own["tune.sampler"] not in study.SAMPLERS:
        raise unknown("tune.sampler", own["tune.sampler"], study.SAMPLERS)
    seed = _whole("tune.seed", own, Range(0, 2**64, without="most"))
    study.see_that_optuna_is_there()
    check(job)
    left = space.narrowed(space.read(own["search"]), given)
    space.check(left, given, job)
    data = tasks.load(job.task, job.protocol, job.source, job.quirks, job.mirror, **job.task_options)
    if data.valid is None:
        raise UserError(
            f"{job.task} has no validation part under protocol={job.protocol} with these settings, and a search must "
            "not choose by the test part: add protocol=clean, or for task=csv set task.valid above 0."
        )
    return study.Plan(job, tuple(given), left, own["tune.sampler"], seed, data.direction, data.checksums), data


def _told(plan: "Plan", data: "SequenceData", ended: "Sequence[Trial]", shares: Mapping[str, float]) -> int:
    """Say what a search came to, and draw it."""
    from ltcbench.reporting import trials as report
    from ltcbench.reporting.sweeps import marks

    print(f"\n{report.table(ended)}\n\n{report.counts(ended)}.")
    best = ended[0]
    if best.status != "finished":
        print("No trial finished: nothing to choose from; search a smaller range, e.g. of trainer.learning_rate.")
        return 1
    if found := marks(plan.job, data.source):
        print(f"Not whole runs on the official data: {'; '.join(found)}.")
    print(report.importance(shares))
    path = report.file(plan.name)
    write(path, report.picture(ended, plan.space, data.metric, data.direction).encode())
    print(f"Picture: {path}")
    print(f"The best, by the validation {data.metric} alone, with {report.SEEDS} seeds:")
    print(f"  {report.command(plan.given, best)}")
    return 0
