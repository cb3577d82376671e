"""Every model and every task: a training of an epoch on a few short sequences, or one sentence that says why not."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ltcbench import models, tasks
from ltcbench.errors import UserError
from ltcbench.models.cells.cell import Cell
from ltcbench.running import checks
from ltcbench.running.run import built
from ltcbench.settings.composition import composed
from ltcbench.tasks import synthetic
from ltcbench.tasks.sequences import SequenceData
from ltcbench.training import loop
from tests.tasks.checks import BENCHMARKS

LENGTH, FEW, WORDS = 3, (6, 4, 4), 50
SMALL = {
    "hidden_size": 4,
    "reference_points": 3,
    "time_units": 4,
    "decoder_units": 4,
    "encoder_units": 4,
    "gru_units": 4,
    "order": 4,
    "max_length": 8,
}
OFTEN = ("ltc", "ltc_euler", "ltc_rk4", "ltc_ode", "cfc", "cfc_nogate", "cfc_s", "cfc_mm")  # trained in other tests


def stand_in(task: str) -> SequenceData:
    """The synthetic data of a task, but few and short sequences of few words."""
    spec = tasks.TASKS[task].SPEC
    return synthetic.make(replace(spec, length=LENGTH, sizes=FEW, vocabulary=min(spec.vocabulary, WORDS)))


@pytest.mark.parametrize(
    "model", [pytest.param(name, marks=[pytest.mark.slow] * (name in OFTEN)) for name in models.MODELS]
)
def test_it_trains_on_a_task_or_is_refused_in_one_sentence(model: str, tmp_path: Path) -> None:
    known = {"hidden_size", *models.options_of(model)}
    small = [f"model.{key}={value}" for key, value in SMALL.items() if key in known]
    plain = composed([f"model={model}", "recipe=none", *small, "trainer.epochs=1", "engine=eager"])
    for task in BENCHMARKS:
        job = replace(plain, task=task)
        spec = tasks.TASKS[task].SPEC
        if spec.per_step and models.MODELS[model].cell.whole:
            with pytest.raises(
                UserError, match=rf"^model {model} gives one answer .*, and task {task} has [^.]*\."
            ) as no:
                checks.check_answers(job, spec)
            assert "\n" not in str(no.value)
            if "causal_ok" not in known:
                continue
            job = replace(job, model_options={**job.model_options, "causal_ok": True})
        checks.check_answers(job, spec)
        data = stand_in(task)
        saved = tmp_path / f"{task}.pt"
        outcome = loop.train(
            built(job, data, torch.device("cpu")),
            data,
            job.trainer,
            0,
            saved,
            lambda _: None,
            lambda _: None,
            lambda: False,
        )
        (row,) = outcome.progress.history
        assert outcome.status == "finished" and math.isfinite(row["train_loss"]), task
        assert ("train_auxiliary" in row) == (models.MODELS[model].cell.auxiliary is not Cell.auxiliary), task
