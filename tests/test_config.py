import dataclasses
import re

import pytest

from ltcbench import config, models, places, tasks
from ltcbench.config import composed
from ltcbench.errors import UserError


def test_every_model_and_task_has_its_configuration_and_the_other_way_round() -> None:
    assert config.names("model") == sorted(models.MODELS)
    assert config.names("task") == sorted(tasks.TASKS)


@pytest.mark.parametrize("recipe", [name for name in config.names("recipe") if "-" in name])
def test_every_recipe_composes_to_a_job_with_options_that_its_model_has(recipe: str) -> None:
    task, model = recipe.split("-")
    job = composed([f"task={task}", f"model={model}"])
    assert (job.task, job.model, job.recipe) == (task, model, recipe)
    assert set(job.model_options) <= {*models.options_of(model), "embedding_size", "embedding_dropout", "readout_std"}


@pytest.mark.parametrize("task", config.names("task"))
def test_every_task_composes_under_both_protocols(task: str) -> None:
    paper, clean = composed([f"task={task}"]), composed([f"task={task}", "protocol=clean"])
    assert paper.quirks == config.quirks(task, "paper")
    assert clean.quirks == config.quirks(task, "clean")
    assert set(config.quirk_notes(task)) == set(paper.quirks), "each quirk has a line that says what it does"
    if paper.quirks:
        assert paper.quirks != clean.quirks


def test_precedence_command_line_over_recipe_over_task_over_model() -> None:
    by_model = composed(["model=ltc", "task=xor", "recipe=none"])
    by_recipe = composed(["model=ltc", "task=har"])
    by_hand = composed(["model=ltc", "task=har", "trainer.learning_rate=0.5", "model.hidden_size=7"])
    assert by_recipe.trainer.learning_rate == 0.01  # recipe har-ltc; the task says 0.001
    assert composed(["model=lstm", "task=har"]).trainer.learning_rate == 0.001
    assert by_model.recipe == "none"
    assert by_recipe.recipe == "har-ltc"
    assert (by_hand.trainer.learning_rate, by_hand.hidden_size) == (0.5, 7)


def test_a_quirk_set_by_hand_beats_the_protocol() -> None:
    job = composed(["task=har", "task.quirks.windows_cross_subjects=false"])
    assert job.quirks == config.quirks("har", "paper", {"windows_cross_subjects": False})
    assert job.quirks["last_epoch_ignored"]


def test_unknown_names_in_the_python_door() -> None:
    with pytest.raises(UserError, match=r"unknown quirk of har 'windows': did you mean .*windows_cross_subjects"):
        config.quirks("har", "paper", {"windows": True})
    with pytest.raises(UserError, match="unknown protocol 'papers': did you mean paper"):
        config.quirks("har", "papers")


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("trainer.class_weights=3", "is not a list"),
        ("trainer.class_weights=[1,x]", "is not a number"),
        ("seed=-1", "expected zero or more"),
        ("seed=true", "is not a whole number"),
        ("threads=0", "expected a number above zero"),
        ("trainer.clip_norm=x", "is not a number or null"),
        ("trainer.learning_rate=inf", "out of range"),
        ("trainer.learning_rate=null", "is not a number"),
        ("tracker=wandb", "unknown tracker 'wandb'"),
        ("trainer.clip_by=globl", "did you mean global"),
        ("+trainer.momentum=0.9", "unknown trainer setting 'momentum'"),
        ("model.hidden_size=${nowhere}", "Interpolation key 'nowhere' not found"),
    ],
)
def test_values_are_checked(override: str, sentence: str) -> None:
    with pytest.raises(UserError, match=re.escape(sentence)):
        composed([override])


def test_whole_numbers_serve_as_numbers() -> None:
    assert composed(["trainer.learning_rate=1"]).trainer.learning_rate == 1.0


def test_the_trainer_yaml_has_exactly_the_fields_of_the_dataclass() -> None:
    text = (places.conf() / "trainer" / "default.yaml").read_text()
    keys = re.findall(r"^(\w+):", text, flags=re.MULTILINE)
    assert set(keys) == {field.name for field in dataclasses.fields(config.Trainer)}
