"""``ltcbench bench [key=value ...]``: time models and engines against other implementations.

Without arguments: the standard cases, with the ratios wanted. Others are chosen by --model and --shape; with --task,
epochs of the real training are timed; with --campaign, updates of every training of some tables, or of all, which takes
a few minutes. A ratio is the time over that of the fastest of our engines. Limit: what the machine takes for the
products and sigmoids at its best, and how many times as long this takes. GEMM and sigmoid: the share of what the
machine reaches in matrix products and sigmoids of the case's own sizes.
What is printed goes, with the machine, to bench/ in the folder of runs as well.
"""

import argparse
from typing import TYPE_CHECKING

from ltcbench import values
from ltcbench.bench.cases import EPOCHS, STANDARD, WHAT, Case, Shape
from ltcbench.errors import UserError, unknown
from ltcbench.files import write
from ltcbench.settings import composition
from ltcbench.settings.job import Job
from ltcbench.terminal import Parser
from ltcbench.values import Range

if TYPE_CHECKING:
    from ltcbench.bench.measure import Bench
    from ltcbench.bench.measurements import Row

MODELS = "ltc,cfc"
SHAPE = "16x32x17x32"
EVERYWHERE = ("threads", "device")


def main(arguments: list[str]) -> int:
    """Measure, print, and write CSV and picture."""
    options = _options(arguments)
    jobs = _jobs(options)

    from ltcbench.bench import measurements
    from ltcbench.bench.measure import Bench
    from ltcbench.running.machine import set_up

    bench = Bench(options.repeats, set_up(jobs[0]))
    name, text, rows, picture = _measured(bench, options, jobs)
    print(text)
    print("".join(f"\n{note}" for note in bench.notes), end="")
    print(f"\n{measurements.described()}")
    path = measurements.save(name, rows)
    print(path)
    if picture:
        write(path.with_suffix(".svg"), picture)
        print(path.with_suffix(".svg"))
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = Parser("ltcbench bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("overrides", metavar="key=value", nargs="*", help="e.g. model.backbone_units=64 threads=2")
    parser.add_argument("--model", metavar="NAME,...", help=f"ltcbench list models (default: {MODELS})")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--shape", action="append", metavar="BxTxFxH", help=f"batch, time, features, units: {SHAPE}")
    kind.add_argument("--task", metavar="TASK", help="epochs of the training on this task")
    kind.add_argument("--curve", action="store_true", help="cost over time steps and batch")
    kind.add_argument("--campaign", metavar="TABLE,...|all", help="hours of these tables, by table and model")
    kind.add_argument("--claims", action="store_true", help="the CfC paper's: closed form against solvers")
    parser.add_argument("--what", metavar=",".join(WHAT), help="of shapes (default: all)")
    parser.add_argument("--repeats", type=int, default=15, metavar="N", help="samples of each (default: 15)")
    options = parser.parse_intermixed_args(arguments)
    values.checked("--repeats", options.repeats, int, Range(1, 10_000))
    if options.what and (options.task or options.curve or options.claims or options.campaign):
        raise UserError("--what chooses what is timed of a shape: leave it out with the others.")
    for what in (options.what or "").split(",") if options.what else ():
        if what not in WHAT:
            raise unknown("--what", what, WHAT)
    if (options.claims or options.campaign) and options.model:
        raise UserError(f"--{'claims' if options.claims else 'campaign'} has models of its own: leave out --model.")
    options.chosen = bool(options.model or options.shape or options.task or options.curve or options.what)
    for override in () if options.chosen else options.overrides:
        if override.partition("=")[0] not in EVERYWHERE:
            raise UserError(f"{override} does not fit cases that are given: use --model, or one of {EVERYWHERE}.")
    return options


def _jobs(options: argparse.Namespace) -> list[Job]:
    """What the command line says of each model."""
    task = [f"task={options.task}"] if options.task else ["recipe=none"]
    names = (options.model or MODELS).split(",") if options.chosen else ["cfc"]
    return [composition.composed([f"model={name}", *task, *options.overrides]) for name in names]


def _measured(
    bench: "Bench", options: argparse.Namespace, jobs: list[Job]
) -> tuple[str, str, list["Row"], bytes | None]:
    """Name, text, rows and picture."""
    from ltcbench.bench import campaign, epochs, listing, scaling, speed_claim
    from ltcbench.paper import tables as tables_of
    from ltcbench.reporting.jobs import of_tables

    if options.campaign:
        bench.seconds = campaign.SECONDS
        names = tables_of.names() if options.campaign == "all" else options.campaign.split(",")
        by_table = of_tables(names, [], ["paper"], options.overrides, None)
        rows = campaign.measured(bench, [job for some in by_table.values() for job in some])
        return "campaign", campaign.text(rows, by_table), rows, None
    if options.claims:
        bench.seconds = speed_claim.SECONDS
        rows = bench.together(speed_claim.groups())
        return "claims", speed_claim.text(rows), rows, speed_claim.picture(rows)
    if options.curve:
        rows = bench.together([scaling.cases(_case(job)) for job in jobs])
        return "curve", scaling.text(rows), rows, scaling.picture(rows)
    if options.task:
        rows = [row for job in jobs for row in epochs.rows(bench, job)]
        return options.task, listing.text(rows), rows, epochs.picture(bench, rows)
    if options.chosen:
        shapes = [Shape.of(text) for text in options.shape or [SHAPE]]
        wanted = (options.what or ",".join(WHAT)).split(",")
        cases = [_case(job, shape, what) for what in wanted for shape in shapes for job in jobs]
        rows = bench.rows(cases)
        return "shapes", listing.text(rows), rows, None
    rows = bench.rows(STANDARD)
    for model, task, engines, goals in EPOCHS:
        job = composition.composed([f"model={model}", f"task={task}", *options.overrides])
        rows += epochs.at_hand(bench, job, engines, goals)
    return "standard", listing.text(rows), rows, None


def _case(job: Job, shape: Shape | None = None, what: str = "step") -> Case:
    """What to time of a job's model; options that are the model's defaults are not named."""
    from ltcbench.models import options_of

    defaults = options_of(job.model)
    options = {key: value for key, value in job.model_options.items() if value != defaults.get(key)}
    return Case(job.model, shape or Shape.of(SHAPE), what, options, job.precision)
