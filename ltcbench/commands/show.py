"""``ltcbench show [model=...] [task=...] [key=value ...]``: what a training consists of, without running it.

``ltcbench show experiment=NAME [key=value ...]``: the same of an experiment.

``ltcbench show RUN``: what a run was asked to be and came to, and what its network costs in use; RUN is its folder, or
its fingerprint or the beginning of it.
"""

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

from ltcbench import memo, places
from ltcbench.errors import UserError
from ltcbench.settings import composition, groups
from ltcbench.settings.job import Job

if TYPE_CHECKING:
    from ltcbench.running.folder import RunFolder
    from ltcbench.tasks import SequenceData

MARKS = {
    "subset": "SUBSET: real data, but only a part; results carry this mark",
    "recomputed": "RECOMPUTED: not the official files; results carry this mark",
    "synthetic": "SYNTHETIC: a generated stand-in; results carry this mark",
}


def main(arguments: list[str]) -> int:
    """Print model, task, protocol and settings of the training that these overrides name, or those of an experiment."""
    if any(argument in ("-h", "--help") for argument in arguments):
        print(__doc__)
        return 0
    chosen = [argument for argument in arguments if argument.startswith("experiment=")]
    if chosen:
        words = [argument for argument in arguments if argument not in chosen]
        print(_experiment(chosen[-1].partition("=")[2], words))
        return 0
    runs = [argument for argument in arguments if "=" not in argument and not argument.startswith("~")]
    if runs:
        if len(arguments) > 1:
            raise UserError(f"show takes one run alone, or overrides key=value: {' '.join(arguments)} is more.")
        print(*_trained(runs[0]), sep="\n\n")
        return 0
    job = composition.composed(arguments)
    from ltcbench.running.checks import check

    check(job)
    print(_model(job), _task(job), _training(job), _run(job), sep="\n\n")
    return 0


def _model(job: Job) -> str:
    about = _about(job.model)
    lines = [f"MODEL {job.model}: {about['source']}", "", textwrap.indent(about["equation"], "  ")]
    if about["symbols"]:
        lines += ["", "  symbols", *_items(about["symbols"])]
    if about["deviations"]:
        lines += ["", "  deviations from the paper", *_items(about["deviations"])]
    options = {"hidden_size": job.hidden_size, **job.model_options}
    lines += ["", "  options", *(f"    {key} = {value}" for key, value in options.items())]
    if about["rows"]:
        lines += ["", f"  rows in the tables {', '.join(about['rows'])}"]
    if not about["uses_elapsed"]:
        lines += ["", "  has no notion of time: elapsed times are ignored"]
    return "\n".join(lines)


def _about(model: str) -> dict[str, Any]:
    """What ``ltcbench.models.about`` says of a model."""

    def said() -> dict[str, Any]:
        from ltcbench import models

        return asdict(models.about(model))

    if model not in groups.names("model", places.conf()):  # its code is not in our package
        return said()
    return cast(dict[str, Any], memo.remembered(("about", model), said))


def _task(job: Job) -> str:
    from ltcbench import tasks

    data = None
    if tasks.at_hand(job.task, job.source):
        data = tasks.load(job.task, job.protocol, job.source, job.quirks, job.mirror, **job.task_options)
    spec = data.spec if data else tasks.TASKS[job.task].SPEC
    target = f"{len(spec.labels)} classes ({', '.join(spec.labels)})" if spec.labels else f"{spec.output_size} values"
    where = "at every step" if spec.per_step else "for the whole sequence"
    notes = groups.quirk_notes(job.task)
    lines = [
        f"TASK {job.task}, protocol {job.protocol}",
        "",
        *_paragraph(groups.comment("task", job.task)),
        f"  sequences of {spec.length} steps x {spec.features} features; target {target} {where}",
        f"  metric {spec.metric} ({spec.direction}), loss {spec.loss}",
        f"  data: {MARKS.get(job.source, job.source)}",
        "",
        "  quirks of the authors' code",
        *_items(f"[{'on' if on else 'off'}] {name}: {notes[name]}" for name, on in job.quirks.items()),
    ]
    if data is None:
        lines += ["", f"  sizes, trivial baselines: fetch the data first (ltcbench data fetch {job.task})"]
    else:
        lines += _sizes(data, job)
    return "\n".join(lines)


def _sizes(data: "SequenceData", job: Job) -> list[str]:
    """Numbers of sequences, and test metrics of predictors that need no network."""

    def measured() -> dict[str, float]:
        from ltcbench.training.baselines import baselines

        return baselines(data)

    sizes = {"train": data.train, "valid": data.valid or (), "test": data.test}
    decided_by = (data.spec, data.source, dict(data.checksums), dict(data.quirks), dict(job.task_options), job.code)
    scores = memo.remembered(("baselines", decided_by), measured)
    return [
        "",
        f"  sequences: {', '.join(f'{part} {len(split)}' for part, split in sizes.items())}",
        "  trivial baselines (test)",
        *(f"    {name}: {data.metric} {score:.4f}" for name, score in scores.items()),
    ]


def _training(job: Job) -> str:
    source = (
        groups.comment("recipe", job.recipe) if job.recipe != "none" else "the task's defaults; no recipe of its own"
    )
    settings = (f"    {key} = {value}" for key, value in asdict(job.trainer).items() if value is not None)
    return "\n".join([f"TRAINING recipe {job.recipe}", "", *_paragraph(source), *settings])


def _run(job: Job) -> str:
    from ltcbench import tasks
    from ltcbench.running.folder import RunFolder, fingerprint

    if not tasks.at_hand(job.task, job.source):
        return "RUN not started: the data are not here"
    checksums = tasks.checksums(job.task, job.source, job.mirror, **job.task_options)
    folder = RunFolder.of(job, fingerprint(job, checksums))
    return _state(folder, folder.result())


def _state(folder: "RunFolder", result: Mapping[str, Any] | None) -> str:
    if result is None:
        return f"RUN {folder.path}: not started, or without a result yet"
    mark = f" [{MARKS[result['source']]}]" if result["source"] in MARKS else ""
    number = f", test {result['metric']} {result['test_metric']}" if "metric" in result else ""
    return f"RUN {folder.path}: {result['status']}{number}{mark}"


def _trained(name: str) -> Iterator[str]:
    """Settings, results and standing of a run, and its network in use."""
    from ltcbench.bench.in_use import costs
    from ltcbench.running.folder import found
    from ltcbench.running.reevaluation import job_of
    from ltcbench.running.trained import load

    folder = found(name)
    job = job_of(folder.config())
    yield _model(job)
    chosen = {"source": job.source, **job.task_options, **{f"quirks.{key}": on for key, on in job.quirks.items()}}
    settings = (f"    {key} = {value}" for key, value in chosen.items())
    yield "\n".join([f"TASK {job.task}, protocol {job.protocol}, seed {job.seed}", "", *settings])
    yield _training(job)
    result = folder.result()
    yield "\n".join([_state(folder, result), *(_came_to(result) if result else ())])
    try:
        network = load(folder).network
    except UserError as error:
        yield f"NETWORK {error}"
    else:
        yield "\n".join(["NETWORK", "", *_items(costs(network))])


def _came_to(result: Mapping[str, Any]) -> Iterator[str]:
    """The metrics of a run at the epoch that counts, and how it stands beside what needs no network."""
    from ltcbench.running.standing import standing

    best = result.get("best")
    if not best:
        return
    parts = [
        f"{part} {key} {value:.4g}"
        for part in ("train", "valid", "test")
        for key, value in (best.get(part) or {}).items()
        if value is not None
    ]
    yield ""
    yield from _items([f"epoch {best['epoch']} of {result['epochs']}: {', '.join(parts)}"])
    if result.get("seconds_per_epoch"):
        yield from _items([f"{result['seconds_per_epoch']:.3g} s an epoch on {result['device']}"])
    if result.get("baselines"):
        found = standing(result["metric"], result["direction"], result["test_metric"], result["baselines"])
        yield from _items([found.line])


def _experiment(name: str, words: list[str]) -> str:
    from ltcbench.experiments.asked import asked
    from ltcbench.experiments.experiment import experiment
    from ltcbench.experiments.folder import ExperimentFolder

    protocol, settings = asked(name, words)
    notes = groups.experiment_notes(name)
    plain = asdict(settings)
    quirks = plain.pop("quirks", {})
    folder = ExperimentFolder.of(name, settings)
    draws = len(experiment(name).draws(settings))
    return "\n".join(
        [
            f"EXPERIMENT {name}, protocol {protocol}",
            "",
            *_paragraph(groups.comment("experiment", name)),
            "",
            "  settings",
            *_items(f"{key} = {_written(value)}: {notes[key]}" for key, value in plain.items()),
            *(["", "  quirks of the authors' code"] if quirks else []),
            *_items(f"[{_written(value)}] {key}: {notes[f'quirks.{key}']}" for key, value in quirks.items()),
            "",
            f"RESULT {folder.path}: {'finished' if folder.result() else 'not there yet'}, {draws:,} draws",
        ]
    )


def _written(value: object) -> str:
    """A value as it is set on the command line."""
    if isinstance(value, tuple):
        return f"[{','.join(map(str, value))}]"
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else "null" if value is None else str(value)


def _paragraph(text: str) -> list[str]:
    return textwrap.wrap(text, 100, initial_indent="  ", subsequent_indent="  ")


def _items(items: Iterable[str]) -> list[str]:
    return [
        line for item in items for line in textwrap.wrap(item, 100, initial_indent="    - ", subsequent_indent="      ")
    ]
