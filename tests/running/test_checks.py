"""What is told of a job before its data are touched."""

import re

import pytest
import torch

from ltcbench.errors import UserError
from ltcbench.running import checks
from ltcbench.settings import groups
from ltcbench.settings.composition import composed


@pytest.mark.parametrize("model", groups.names("model"))
def test_the_defaults_of_every_model_are_right(model: str) -> None:
    state = torch.get_rng_state()
    checks.check(composed([f"model={model}"]))
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["model=cfc", "model.gain=abc"], "model.gain=abc is not a number"),
        (["model=ltc", "model.unfolds=2.5"], "model.unfolds=2.5 is not a whole number"),
        (["model=ltc", "model.unfolds=0"], "model.unfolds=0 is out of range"),
        (["model=cfc", "model.backbone_dropout=1"], "model.backbone_dropout=1"),
        (["model=lstm", "model.forget_bias=true"], "model.forget_bias=true is not a number"),
        (["model=lstm", "engine=fused", "model=transformer"], "engine=fused does not exist"),
        (["+model.colour=red"], "unknown option of model cfc 'colour'"),
        (["+task.colour=red"], "unknown option of task xor 'colour'"),
        (["task=person_irregular", "task.time_scale=soon"], "task.time_scale=soon is not a number"),
        (["task=csv", "task.scaled=no"], "task.scaled=no is not true or false"),
        (["task=csv", "task.scaled=0"], "task.scaled=0 is not true or false"),
        (
            ["task=csv", "task.window=2.5"],
            "task.window=2.5 is not a whole number or auto or null: expected e.g. task.window=10",
        ),
        (["task=csv", "task.valid=some"], "task.valid=some is not a number"),
        (["task=csv", "task.path=[plain.csv]"], "task.path=['plain.csv'] is not text or null"),
    ],
)
def test_a_mistake_in_an_option_is_told(overrides: list[str], sentence: str) -> None:
    with pytest.raises(UserError, match=re.escape(sentence)):
        checks.check(composed(overrides))


@pytest.mark.parametrize(
    ("model", "way_out"),
    [("mtand", ", or model.causal_ok=true for answers that look at later steps too"), ("seft", ".")],
)
def test_one_answer_for_many_targets_is_refused(model: str, way_out: str) -> None:
    sentence = f"model {model} gives one answer for a whole sequence, and task person has a target at every step"
    with pytest.raises(UserError, match=f"^{sentence}: choose another model{re.escape(way_out)}"):
        checks.check(composed([f"model={model}", "task=person"]))
    checks.check(composed([f"model={model}", "task=physionet"]))


def test_answers_at_every_step_can_be_asked_for() -> None:
    checks.check(composed(["model=mtand", "task=person", "model.causal_ok=true"]))


def test_more_units_than_memory_holds_are_told_without_trying(monkeypatch: pytest.MonkeyPatch) -> None:
    job = composed(["model=lstm", "model.hidden_size=1000000"])
    with pytest.raises(UserError, match=r"model\.hidden_size=1000000 makes 4e\+12 parameters, .* choose fewer units"):
        checks.check(job)
    monkeypatch.setattr(checks, "_memory", lambda: 10**15)
    checks.check(job)


@pytest.mark.parametrize(
    ("error", "short"),
    [
        (MemoryError(), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:119] DefaultCPUAllocator: can't allocate memory"), True),
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (RuntimeError("shapes do not fit"), False),
    ],
)
def test_an_end_for_want_of_memory_is_known(error: Exception, short: bool) -> None:
    assert checks.short_of_memory(error) == short
