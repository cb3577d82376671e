"""A search, top to bottom: the next settings, their training, the validation metric, and again.

A trial is a run like any other, in a run folder like any other: what was trained before is not trained again, and a
trial that was stopped can be gone on with. Of a run only the epoch that counts and ``metrics.csv``, which knows nothing
of the test part, are looked at.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ltcbench.errors import Interrupted, UserError
from ltcbench.running.executors import Executor, Handle
from ltcbench.running.folder import RunFolder, fingerprint
from ltcbench.running.grid import DONE
from ltcbench.running.tuning.space import Value, overrides
from ltcbench.running.tuning.study import Plan, asked, begun, frozen
from ltcbench.settings.composition import composed
from ltcbench.settings.job import Job

if TYPE_CHECKING:
    import optuna

POLL = 0.5  # seconds between looks at the trials that are going on
HOPELESS = 3  # failures one after another that end a search
_TOLD = "trial"  # where the study keeps it


@dataclass(frozen=True)
class Trial:
    """A trial that ended.

    Attributes:
        number: from 0.
        settings: what it tried.
        status: ``finished``, ``stopped`` (by the median rule), ``diverged`` or ``failed``.
        value: the validation metric at the epoch that counts, of one that was stopped at the last; None if there is
            none.
        epoch: that epoch.
        run: name of the run folder.
        line: why it failed, else empty.
    """

    number: int
    settings: dict[str, Value]
    status: str
    value: float | None
    epoch: int | None
    run: str
    line: str = ""


class _Going:
    """A trial that is going on."""

    def __init__(self, study: "optuna.Study", plan: Plan, metric: str, number: int) -> None:
        self.study = study
        self.trial, self.settings = asked(study, plan, number)
        self.job = composed([*plan.given, *overrides(self.settings)])
        self.folder = RunFolder.of(self.job, fingerprint(self.job, plan.checksums))
        self.key = f"valid_{metric}"
        self.seen = max(frozen(study)[number].intermediate_values, default=0)
        self.stopped = bool(self.seen) and self._hopeless(self.seen)

    def look(self) -> bool:
        """Tell the study of new epochs, one after another; whether the median rule says now to stop.

        What it says depends on the epochs only, not on when one looks: of epochs behind one at which it says to stop
        the study is not told.
        """
        if self.stopped:
            return False
        for row in self.folder.metrics()[self.seen :]:
            self.seen += 1
            if math.isfinite(row.get(self.key, math.nan)):
                self.trial.report(row[self.key], self.seen)
                self.stopped = self._hopeless(self.seen)
            if self.stopped:
                return True
        return False

    def _hopeless(self, epoch: int) -> bool:
        return epoch < self.job.trainer.epochs and self.trial.should_prune()

    def done(self) -> str | None:
        """The status of its run if that came to an end."""
        result = self.folder.result()
        return result["status"] if result and result["status"] in DONE else None

    def ended(self, status: str, line: str) -> Trial:
        """Tell the study how it ended.

        Args:
            status: as ``Handle.outcome`` says.
            line: what it says besides, which is looked at if the run failed only.
        """
        from optuna.trial import TrialState

        self.look()
        epoch, value = (self.seen, self._value(self.seen)) if self.stopped else self._counting()
        if self.stopped:
            status, state = "stopped", TrialState.PRUNED
        elif status == "finished" and value is not None:
            state = TrialState.COMPLETE
        elif status == "diverged":
            state = TrialState.PRUNED
        else:
            status, state = "failed", TrialState.FAIL
        line = line if status == "failed" else ""
        trial = Trial(self.trial.number, self.settings, status, value, epoch, self.folder.path.name, line)
        self.trial.set_user_attr(_TOLD, asdict(trial))
        self.study.tell(self.trial, value if state == TrialState.COMPLETE else None, state)
        return trial

    def _counting(self) -> tuple[int | None, float | None]:
        """The epoch that counts, and the validation metric there."""
        epoch = (self.folder.result() or {}).get("best_epoch")
        return (epoch, self._value(epoch)) if type(epoch) is int and epoch > 0 else (None, None)

    def _value(self, epoch: int) -> float | None:
        rows = self.folder.metrics()
        value = rows[epoch - 1].get(self.key, math.nan) if epoch <= len(rows) else math.nan
        return value if math.isfinite(value) else None


def search(
    study: "optuna.Study",
    plan: Plan,
    metric: str,
    executor: Executor,
    trials: int,
    on_end: Callable[[Trial], None],
    on_look: Callable[[Sequence[Job]], None] = lambda jobs: None,
    on_interrupt: Callable[[Sequence[Job]], None] = lambda jobs: None,
) -> None:
    """Go on with a search until there are as many trials.

    Args:
        study: of the plan.
        plan: the search.
        metric: the task's.
        executor: does the runs; it stays open.
        trials: how many in all.
        on_end: told how each trial ended, as it happens.
        on_look: told every now and then which jobs are going on.
        on_interrupt: told by Ctrl-C which jobs are waited for.

    Raises:
        Interrupted: Ctrl-C; the runs that were going on have been marked and can be resumed.
        UserError: trials fail one after another.
    """
    waiting = begun(study)
    working: dict[Handle, _Going] = {}
    failures = 0

    def end(going: _Going, status: str, line: str) -> None:
        nonlocal failures
        trial = going.ended(status, line)
        on_end(trial)
        failures = failures + 1 if trial.status == "failed" else 0
        if failures == HOPELESS:
            raise UserError(f"{HOPELESS} trials one after another failed, the last with: {line.rstrip('.')}.")

    try:
        while True:
            while len(working) < executor.slots and (waiting or len(frozen(study)) < trials):
                going = _Going(study, plan, metric, waiting.pop(0) if waiting else len(frozen(study)))
                going.look()
                status = "stopped" if going.stopped else going.done()
                if status:
                    end(going, status, "")
                else:
                    working[executor.begin(going.job)] = going
            if not working:
                return
            on_look([going.job for going in working.values()])
            for handle in executor.wait(list(working), POLL):
                end(working.pop(handle), *handle.outcome())
            for handle, going in working.items():
                if going.look():
                    handle.stop()
    except KeyboardInterrupt:
        if working:
            on_interrupt([going.job for going in working.values()])
        raise Interrupted("interrupted; the same command goes on.") from None
    finally:
        try:
            for handle in working:
                handle.stop()
            for handle in working:
                handle.outcome()
        except KeyboardInterrupt:
            for handle in working:
                handle.stop(now=True)
            raise Interrupted("stopped; the same command goes on after the last whole epochs.") from None


def ended(study: "optuna.Study") -> list[Trial]:
    """Every trial of a study that ended, the best first; those without a result last."""
    direction = -1 if study.direction.name == "MAXIMIZE" else 1

    def rank(trial: Trial) -> tuple[bool, float, int]:
        good = trial.status == "finished" and trial.value is not None
        return not good, direction * (trial.value or 0.0), trial.number

    return sorted((Trial(**one.user_attrs[_TOLD]) for one in frozen(study) if one.state.is_finished()), key=rank)
