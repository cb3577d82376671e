"""A run in use: its network with all that is needed to feed it and to read what it says."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ltcbench import tasks
from ltcbench.errors import UserError
from ltcbench.models import Network
from ltcbench.running.folder import RunFolder, found
from ltcbench.running.machine import set_up
from ltcbench.running.reevaluation import job_of, put_weights
from ltcbench.running.run import of_spec
from ltcbench.settings.job import Job
from ltcbench.tasks import own_unseen
from ltcbench.tasks.sequences import Array, Spec
from ltcbench.training.batches import Part
from ltcbench.training.scoring import predictions

Row = dict[str, Any]


@dataclass(frozen=True)
class Trained:
    """A finished run.

    Attributes:
        network: with the weights of the epoch that counts, in evaluation mode.
        spec: of its task: names of the classes, how inputs and numbers to predict were scaled.
        job: its settings.
        result: what it said.
        path: its folder.
    """

    network: Network
    spec: Spec
    job: Job
    result: dict[str, Any]
    path: Path

    def predict(self, table: Path) -> Iterator[Row]:
        """What the network says of a table like the one it was trained on, which may lack the targets.

        Yields:
            a row for each row of the table, in its order, or for each sequence where a sequence has one target: the
            columns that name it, then the numbers in the unit of the training table, or the class and the probability
            of each one.

        Raises:
            UserError: the task is not ``csv``, or the table does not fit it.
        """
        if self.job.task != "csv":
            raise UserError(
                f"{self.path} learnt {self.job.task}, not a table: expected a run of task=csv; ltcbench evaluate tests "
                "this one."
            )
        unseen = own_unseen.read(table, self.spec, self.network.feature_mask, self._options())
        spoken = self._spoken(unseen)
        if self.spec.per_step:
            place = np.empty(len(unseen.table), np.int64)  # which window and step a row is in
            place[unseen.rows[unseen.inside]] = np.flatnonzero(unseen.inside)
            rows, said = np.argsort(unseen.order), spoken.reshape(-1, spoken.shape[-1])[place]
        else:
            first = unseen.rows[:, 0]
            rows, said = first, np.empty((len(unseen.table), spoken.shape[-1]))
            said[first] = spoken
        names = [*unseen.ids, *(unseen.times if self.spec.per_step else ())]
        cells = [unseen.table.column(name) for name in names]
        for row in rows:
            yield {name: column[row] for name, column in zip(names, cells, strict=True)} | self._named(said[row])

    def _options(self) -> dict[str, Any]:
        """Those of the task, each of the kind that it wants: a text may stand as a number in ``config.yaml``."""
        return tasks.checked(self.job.task, self.job.task_options)

    def _spoken(self, unseen: own_unseen.Unseen) -> Array:
        """Numbers as in the training table, or probabilities: (N, T, K) or (N, K)."""
        device = next(self.network.parameters()).device
        arrays = [
            None if a is None else torch.as_tensor(a, device=device) for a in (unseen.x, unseen.elapsed, unseen.mask)
        ]
        x, elapsed, mask = arrays
        assert x is not None and elapsed is not None
        y = predictions(self.network, self.spec, Part(x, x.new_zeros(len(x)), elapsed, mask, None, None)).double()
        if self.spec.labels:
            y = torch.softmax(y, dim=-1)
        y = y.unflatten(0, (len(x), -1)).mean(1)  # of a network that draws several latents for a sequence
        spoken: Array = y.cpu().numpy()
        return spoken if self.spec.labels else self.spec.target_scaling.unscaled(spoken)

    def _named(self, said: Array) -> Row:
        if self.spec.labels:
            shares = {f"p({label})": float(share) for label, share in zip(self.spec.labels, said, strict=True)}
            return {"class": self.spec.labels[int(said.argmax())], **shares}
        options = self._options()
        columns = options["label"] if options["target"] is None else options["target"]
        names = [columns] if isinstance(columns, str) else columns
        return dict(zip(names, said.tolist(), strict=True))


def load(run: str | Path | RunFolder) -> Trained:
    """The network of a finished run and what belongs to it; nothing that lies in its folder is executed.

    Args:
        run: its folder, or its fingerprint or the beginning of it.

    Raises:
        UserError: there is no such run, it is not finished, or was made by a version that did not keep what is needed.
        Failure: its checkpoint cannot be read.
    """
    folder = run if isinstance(run, RunFolder) else found(str(run))
    result = folder.result()
    if result is None or result["status"] not in ("finished", "diverged") or not result["best_epoch"]:
        raise UserError(f"{folder.path} is not finished: the same training goes on, ltcbench runs tells how far it is.")
    try:
        spec = Spec.from_plain(result["spec"])
    except (KeyError, TypeError):
        raise UserError(
            f"{folder.path / 'result.json'} does not say what the network was trained on (made by another version): "
            "expected a run of this one, train it again with force=true."
        ) from None
    job = job_of(folder.config())
    device = set_up(job)
    network = of_spec(job, spec, bool(result["feature_mask"])).to(device)
    put_weights(network, folder)
    return Trained(network.eval(), spec, job, result, folder.path)
