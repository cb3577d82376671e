"""Core-hours of whole tables on this machine, from updates of every training measured on its own data.

On a CPU processor time is taken, so that other work does not count. Evaluation, one to three percent, and start-up are
not in it. Cells that only a long training compiles are timed as they are without, so theirs are upper estimates.
"""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence

import torch
from tqdm import tqdm

from ltcbench import tasks, terminal
from ltcbench.bench.measure import Bench, spread
from ltcbench.bench.measurements import Row
from ltcbench.bench.timing import Action
from ltcbench.data import cards
from ltcbench.reporting import index, plan, published
from ltcbench.running.grid import Planned
from ltcbench.running.run import built
from ltcbench.settings.job import Job, tree
from ltcbench.tasks import SequenceData
from ltcbench.training import metrics
from ltcbench.training.batches import Part, predict
from ltcbench.training.optimiser import Optimiser, clip_

HOUR = 3600.0
SECONDS = 1.0  # for all samples of one training, unless they are very few


def measured(bench: Bench, jobs: Sequence[Job]) -> list[Row]:
    """Seconds of every training, from its updates; those without any of their data here are left out, with a note."""
    of_task: dict[str, list[Job]] = defaultdict(list)
    for job in {index.digest(tree(job)): job for job in jobs}.values():
        of_task[index.data_digest(tree(job)) + job.protocol].append(job)
    rows = []
    shown = tqdm(total=sum(map(len, of_task.values())), unit="training", disable=None, dynamic_ncols=True, leave=False)
    for some in of_task.values():
        found = _source(bench, some[0])
        if found is None:
            continue
        source, share = found
        first = some[0]
        data = tasks.load(first.task, first.protocol, source, first.quirks, first.mirror, **first.task_options)
        for job in some:
            rows.append(_row(bench, job, data, share))
            shown.update()
    shown.close()
    return rows


def _source(bench: Bench, job: Job) -> tuple[str | None, float] | None:
    """The source of data that are here, and the share of the official ones that it has."""
    if tasks.at_hand(job.task, job.source):
        return job.source, 1.0
    card = cards.load(str(tasks.TASKS[job.task].DATASET))
    for source in card.sources:
        if tasks.at_hand(job.task, source):
            share = _lines(card, source) / _lines(card, "official")
            bench.note(f"{job.task} is measured on its {source} data, {100 * share:.3g}% of the official ones.")
            return source, share
    bench.note(f"{job.task} is left out: get its data with ltcbench data fetch {job.task}.")
    return None


def _lines(card: cards.Card, source: str) -> int:
    """Of the longest file of text, or 1."""
    return max([1, *(payload.lines or 1 for payload in card.payloads(source))])


def _row(bench: Bench, job: Job, data: SequenceData, share: float) -> Row:
    """Seconds of a training on all of the official data, of which ``data`` are a share."""
    clock = time.process_time if bench.device.type == "cpu" else time.perf_counter
    (times,) = bench.times({"": update(job, data, bench.device)}, clock).values()
    return Row(
        what="campaign",
        model=job.model,
        who="auto",
        ours=True,
        task=job.task,
        batch=job.trainer.batch_size,
        time=data.train.x.shape[1],
        features=data.spec.features,
        units=job.hidden_size,
        settings=index.digest(tree(job)),
        **spread(times * updates(job, round(len(data.train) / share))),
    )


def updates(job: Job, sequences: int) -> int:
    """How many there are in a whole training on so many sequences."""
    size = min(job.trainer.batch_size, sequences)
    return job.trainer.epochs * (sequences // size if job.trainer.drop_last else -(-sequences // size))


def update(job: Job, data: SequenceData, device: torch.device) -> Action:
    """An update on a batch that is drawn anew each time, as in ``ltcbench.training.loop``."""
    network = built(job, data, device).train()
    part = Part.of(data.spec, data.train, device)
    weights = job.trainer.class_weights or data.class_weights
    class_weights = None if weights is None else torch.tensor(weights, device=device)
    parameters = [p for p in network.parameters() if p.requires_grad]
    optimise = Optimiser(network.parameters_by_rate(), job.trainer)
    order = torch.Generator().manual_seed(job.seed)

    def act() -> None:
        chosen = torch.randint(len(part), (min(job.trainer.batch_size, len(part)),), generator=order)
        batch = part.take(chosen.to(device))
        y, state = predict(network, data.spec, batch)
        batch = batch.repeated(len(y) // len(batch))
        loss = metrics.loss(data.spec, y, batch.y, batch.counted, class_weights, data.weights_normalised)
        if job.trainer.kernel_penalty:
            loss = loss + job.trainer.kernel_penalty * sum(kernel.square().sum() for kernel in network.kernels())
        if (auxiliary := network.auxiliary(state, 0)) is not None:
            loss = loss + auxiliary
        optimise.zero_grad()
        loss.backward()
        clip_(parameters, job.trainer)
        optimise.step()
        network.project_()

    return act


def text(rows: Sequence[Row], by_table: Mapping[str, Sequence[Job]]) -> str:
    """Hours by table and by model: as measured, and of the same trainings as published runs tell."""
    seconds = {row.settings: row.median for row in rows}
    whole = (run for run in published.every(published.folder()) if run.source != "subset")  # whose epochs are shorter
    speeds = plan.Speeds([], whole)
    sums: dict[str, dict[str, list[float]]] = {"table": defaultdict(_zeros), "model": defaultdict(_zeros)}
    for table, jobs in by_table.items():
        for job in jobs:
            own = seconds.get(index.digest(tree(job)))
            known = speeds.seconds(Planned(job, "missing", job.trainer.epochs))
            for kind, name in (("table", table), ("table", "all"), ("model", job.model)):
                sums[kind][name] = [a + b for a, b in zip(sums[kind][name], _told(own, known), strict=True)]
    parts = []
    for kind, found in sums.items():
        order = sorted(found, key=lambda name: (name == "all", -found[name][1]))
        lines = [[name, *_shown(found[name])] for name in order]
        head = [kind, "runs", "hours", "of those published", "as published", "unknown"]
        parts.append(terminal.table(head, lines, range(1, len(head))))
    return "\n\n".join(parts)


def _shown(sums: Sequence[float]) -> list[str]:
    runs, *seconds, unknown = sums
    return [f"{runs:.0f}", *(f"{each / HOUR:.1f}" if each else "" for each in seconds), f"{unknown:.0f}"]


def _zeros() -> list[float]:
    return [0.0] * 5


def _told(own: float | None, known: float | None) -> list[float]:
    """Of a run: 1, its seconds as measured, these and those of earlier runs where both are known, whether unknown."""
    both = own is not None and known is not None
    return [1, own or 0.0, own if both and own else 0.0, known if both and known else 0.0, float(own is None)]
