"""A search that is remembered: Optuna's study in ``runs/studies.db``.

Which settings a trial gets depends on the seed, the trial's number and what came out before, and on nothing else, so
that a search that broke off goes on as if it had not.
"""

import hashlib
import importlib.util
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ltcbench import places
from ltcbench.errors import UserError
from ltcbench.files import writing
from ltcbench.running.folder import fingerprint
from ltcbench.running.tracking import database_uri
from ltcbench.running.tuning.space import Choices, Space, Value
from ltcbench.settings.job import Job

if TYPE_CHECKING:
    import optuna
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

SAMPLERS = ("tpe", "random")
RULES = 1  # raised when the same search would try or stop other trials than before
STARTUP = 5  # trials that end before the median rule stops one
FEWEST = 10  # trials of which importance can be told
WARM_UP = 0.25  # share of the epochs before it may


@dataclass(frozen=True)
class Plan:
    """Everything that decides a search, but for the number of trials.

    Attributes:
        job: the training, without what is searched.
        given: the overrides that make it.
        space: what is searched.
        sampler: ``tpe`` or ``random``.
        seed: of the search, not of the trainings.
        direction: whether ``max`` or ``min`` is best.
        checksums: SHA-256 of the raw files.
    """

    job: Job
    given: tuple[str, ...]
    space: Space
    sampler: str
    seed: int
    direction: str
    checksums: Mapping[str, str]

    @property
    def name(self) -> str:
        """Of the study: the task, the model and a digest of all that decides it."""
        space = {key: [type(domain).__name__, asdict(domain)] for key, domain in self.space.items()}
        decides = [RULES, fingerprint(self.job, self.checksums), space, self.sampler, self.seed]
        digest = hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:12]
        return f"{self.job.task}-{self.job.model}-{digest}"


def see_that_optuna_is_there() -> None:
    """Optuna is an extra.

    Raises:
        UserError: it is not there.
    """
    if not importlib.util.find_spec("optuna"):
        raise UserError("ltcbench tune needs Optuna: pip install 'ltcbench[tune]'.")


def folder() -> Path:
    """Where locks and pictures of studies lie."""
    return places.runs() / "studies"


@contextmanager
def opened(plan: Plan) -> Iterator["optuna.Study"]:
    """The study of a plan, begun or gone on with; only one process at a time has it.

    Raises:
        UserError: another process has it.
        Failure: it cannot be written.
    """
    from filelock import FileLock, Timeout

    with writing(folder()):
        folder().mkdir(parents=True, exist_ok=True)
        own, everyone = FileLock(folder() / f".{plan.name}.lock"), FileLock(folder() / ".lock")
        try:
            own.acquire(timeout=0)
        except Timeout:
            raise UserError(f"another process works on the search {plan.name}: wait for it, or end it.") from None
    try:
        with everyone:  # the first use of the database must not race
            study = _study(plan)
        yield study
    finally:
        own.release()


def _study(plan: Plan) -> "optuna.Study":
    import optuna
    from sqlalchemy.exc import DatabaseError

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    path = places.runs() / "studies.db"
    uri = database_uri(path).replace("{", "{{").replace("}", "}}")  # Optuna fills in templates
    try:
        return optuna.create_study(
            storage=optuna.storages.RDBStorage(uri, engine_kwargs={"connect_args": {"timeout": 60}}),
            study_name=plan.name,
            direction="maximize" if plan.direction == "max" else "minimize",
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(STARTUP, max(1, int(WARM_UP * plan.job.trainer.epochs))),
        )
    except (DatabaseError, RuntimeError, optuna.exceptions.StorageInternalError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"{path} is not a database of searches ({reason}): move it away, and searches begin anew."
        ) from None


def begun(study: "optuna.Study") -> list[int]:
    """The numbers of the trials that were going on when the search broke off."""
    return [trial.number for trial in frozen(study) if not trial.state.is_finished()]


def frozen(study: "optuna.Study") -> "list[FrozenTrial]":
    """Every trial as it stands."""
    return study.get_trials(deepcopy=False)


def asked(study: "optuna.Study", plan: Plan, number: int) -> "tuple[optuna.Trial, dict[str, Value]]":
    """A trial and its settings: the next one, or again one that is known."""
    import optuna

    known = frozen(study)
    study.sampler = _sampler(plan, number, "")
    trial = study.ask() if number == len(known) else optuna.Trial(study, known[number]._trial_id)
    _ = trial.relative_params  # drawn now, all at once: a trial that broke off between two settings goes on alike
    return trial, {key: _drawn(trial, plan, key) for key in plan.space}


def _drawn(trial: "optuna.Trial", plan: Plan, key: str) -> Value:
    """A setting of a trial; a number with four digits that count is as good as one with sixteen, and can be typed."""
    domain = plan.space[key]
    trial.study.sampler = _sampler(plan, trial.number, key)
    if isinstance(domain, Choices):
        chosen: Value = trial.suggest_categorical(key, domain.values)
        return chosen
    if domain.whole:
        return trial.suggest_int(key, int(domain.low), int(domain.high), step=int(domain.step or 1), log=domain.log)
    exact = trial.suggest_float(key, domain.low, domain.high, step=domain.step, log=domain.log)
    short = float(f"{exact:.4g}")
    return short if domain.low <= short <= domain.high else exact


def _sampler(plan: Plan, number: int, key: str) -> "BaseSampler":
    from optuna.samplers import RandomSampler, TPESampler

    seed = int.from_bytes(hashlib.sha256(f"{plan.seed} {number} {key}".encode()).digest()[:4], "big")
    if plan.sampler == "random":
        return RandomSampler(seed=seed)
    return TPESampler(seed=seed, multivariate=True)


def importances(study: "optuna.Study") -> dict[str, float]:
    """How much of what tells the best tenth of the trials from all each setting explains, the most important first.

    PED-ANOVA (Watanabe, Bansal, Hutter 2023). Of trials that were stopped the last value counts: they are the bad
    ones, and without them nothing would be told of what made them bad. Empty where there are too few, or all came to
    the same.
    """
    import optuna
    from optuna.trial import create_trial

    known = [trial for trial in frozen(study) if trial.state.name in ("COMPLETE", "PRUNED") and trial.value is not None]
    if len(known) < FEWEST or len({trial.value for trial in known}) == 1:
        return {}
    together = optuna.create_study(direction=study.direction)
    together.add_trials(
        create_trial(value=trial.value, params=trial.params, distributions=trial.distributions) for trial in known
    )
    evaluator = optuna.importance.PedAnovaImportanceEvaluator()
    return optuna.importance.get_param_importances(together, evaluator=evaluator)
