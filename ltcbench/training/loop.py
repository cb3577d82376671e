"""The training loop: one function, read top to bottom."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from ltcbench.models import Network
from ltcbench.settings.job import Trainer
from ltcbench.tasks import SequenceData
from ltcbench.training import checkpoint, metrics
from ltcbench.training.batches import Part, predict
from ltcbench.training.checkpoint import Progress
from ltcbench.training.optimiser import Optimiser, clip_, learning_rate
from ltcbench.training.scoring import evaluate

Row = dict[str, float]


@dataclass(frozen=True)
class Outcome:
    """How a training ended.

    Attributes:
        status: ``finished``, ``diverged`` (a loss was not finite; the best epoch before it stands) or
            ``interrupted``.
        progress: epochs done, history, best epoch and its weights.
        steps: updates in an epoch.
    """

    status: Literal["finished", "diverged", "interrupted"]
    progress: Progress
    steps: int


def train(
    network: Network,
    data: SequenceData,
    trainer: Trainer,
    seed: int,
    saved: Path,
    on_step: Callable[[float], None],
    on_epoch: Callable[[list[Row]], None],
    stop: Callable[[], bool],
) -> Outcome:
    """Train ``network`` in place, from the checkpoint ``saved`` if there is one.

    The weights after e epochs are "epoch e"; epoch 0 never counts. The test part is not touched.

    Args:
        network: the network, on the device where it is to be trained.
        data: the task.
        trainer: how to train.
        seed: of the order of the batches.
        saved: checkpoint file, written after every epoch.
        on_step: called after every update with the epochs done in all, fractions of one included.
        on_epoch: called after every epoch with the rows of all epochs so far.
        stop: asked after every update; True ends the training, the unfinished epoch is lost.

    Raises:
        Failure: the checkpoint cannot be read or written.
    """
    spec = data.spec
    device = next(network.parameters()).device
    part = Part.of(spec, data.train, device)
    valid = None if data.valid is None else Part.of(spec, data.valid, device)
    class_weights = trainer.class_weights or data.class_weights
    weights = None if class_weights is None else torch.tensor(class_weights, device=device)
    counting = part.counting(weights)
    parameters = [p for p in network.parameters() if p.requires_grad]
    optimise = Optimiser(network.parameters_by_rate(), trainer)
    size = min(trainer.batch_size, len(part))
    steps = len(part) // size if trainer.drop_last else math.ceil(len(part) / size)
    order = torch.Generator().manual_seed(seed)
    progress = checkpoint.load(saved, network, optimise, order)
    network.engine = progress.engine = progress.engine or network.engine

    while progress.epoch < trainer.epochs and not progress.diverged:
        started = time.perf_counter()
        network.train()
        losses, auxiliaries, outputs, targets = [], [], [], []
        numbers = torch.randperm(len(part), generator=order) if trainer.shuffled else torch.arange(len(part))
        for step, chosen in enumerate(numbers.split(size)[:steps]):
            update = progress.epoch * steps + step
            optimise.rate = learning_rate(trainer, update, steps)
            batch = part.take(chosen.to(device))

            y, state = predict(network, spec, batch)
            batch = batch.repeated(len(y) // len(batch))
            heard = counting is None or bool(counting[chosen].any())  # a batch without any target has no say
            loss = y.new_zeros(())
            if heard:
                loss = metrics.loss(spec, y, batch.y, batch.counted, weights, data.weights_normalised)
            if trainer.kernel_penalty:
                loss = loss + trainer.kernel_penalty * sum(kernel.square().sum() for kernel in network.kernels())
            if (auxiliary := network.auxiliary(state, progress.epoch)) is not None:
                loss = loss + auxiliary
                auxiliaries.append(auxiliary.detach())
            if loss.requires_grad:
                optimise.zero_grad()
                loss.backward()
                clip_(parameters, trainer)
                optimise.step()
                network.project_()

            if heard:
                losses.append(loss.detach())
            counted = ... if batch.counted is None else batch.counted
            outputs.append(y.detach()[counted].clone())  # a view would keep the whole pass in memory
            targets.append(batch.y[counted])
            on_step((update + 1) / steps)
            if stop():
                return Outcome("interrupted", progress, steps)

        each = torch.stack(losses) if losses else torch.zeros(1)
        seconds = time.perf_counter() - started
        progress.epoch += 1
        row = {"epoch": progress.epoch, "train_loss": each.mean().item()}
        if not math.isfinite(row["train_loss"]):
            progress.diverged = _diverged(network, progress.epoch, each)
        else:
            if auxiliaries:
                row["train_auxiliary"] = torch.stack(auxiliaries).mean().item()
            row[f"train_{spec.metric}"] = metrics.metric(spec, torch.cat(outputs), torch.cat(targets), None)
            if valid is not None:
                row |= {f"valid_{name}": value for name, value in evaluate(network, spec, valid).items()}
            row["learning_rate"] = optimise.rate
            row["seconds"] = seconds
            progress.history.append(row)
            if _better(progress, data, trainer.epochs):
                progress.best_epoch = progress.epoch
                progress.best_weights = checkpoint.copied(network)
        checkpoint.save(saved, progress, network, optimise, order)
        on_epoch(progress.history)

    return Outcome("diverged" if progress.diverged else "finished", progress, steps)


def _better(progress: Progress, data: SequenceData, epochs: int) -> bool:
    """Whether the epoch just done now stands for the run."""
    if data.selection == "last" or data.valid is None or progress.best_epoch == 0:
        return True
    if progress.epoch == epochs and not data.final_epoch_counts:
        return False
    key = f"valid_{data.metric}"
    new, best = progress.history[-1][key], progress.history[progress.best_epoch - 1][key]
    return math.isnan(best) or (new > best if data.direction == "max" else new < best)  # strictly: the earliest best


def _diverged(network: Network, epoch: int, losses: torch.Tensor) -> str:
    step = int((~torch.isfinite(losses)).int().argmax()) + 1
    name, largest = max(
        ((name, p.detach().abs().nan_to_num(math.inf).max().item()) for name, p in network.named_parameters()),
        key=lambda item: item[1],
    )
    return (
        f"the loss stopped being finite in epoch {epoch}, update {step} (largest weight: {name}, {largest:.3g}); "
        "a smaller trainer.learning_rate or trainer.clip_norm=1 may help"
    )
