import shlex
from importlib.util import find_spec

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ltcbench import models
from ltcbench.errors import UserError
from ltcbench.settings import groups
from ltcbench.settings.composition import composed, quoted


@pytest.mark.parametrize("recipe", [name for name in groups.names("recipe") if "-" in name])
def test_every_recipe_composes_to_a_job_with_options_that_its_model_has(recipe: str) -> None:
    task, model = recipe.split("-")
    job = composed([f"task={task}", f"model={model}"])
    assert (job.task, job.model, job.recipe) == (task, model, recipe)
    assert set(job.model_options) <= {
        *models.options_of(model),
        "embedding_size",
        "embedding_dropout",
        "readout",
        "readout_std",
    }


@pytest.mark.parametrize("task", groups.names("task"))
def test_every_task_composes_under_both_protocols(task: str) -> None:
    paper, clean = composed([f"task={task}"]), composed([f"task={task}", "protocol=clean"])
    assert paper.quirks == groups.quirks(task, "paper")
    assert clean.quirks == groups.quirks(task, "clean")
    assert set(groups.quirk_notes(task)) == set(paper.quirks), "each quirk has a line that says what it does"
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
    assert job.quirks == groups.quirks("har", "paper", {"windows_cross_subjects": False})
    assert job.quirks["last_epoch_ignored"]


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("task.separator=;", """in double quotes inside single ones, e.g. 'task.separator=";"'."""),
        ("task.path=[a;b]", """e.g. 'task.values=["a b","c;d"]'."""),
        *((text, f"'{text}' is not an override: write overrides as key=value") for text in ("", ";", "[", "a b", "x")),
        ("=x", "is not an override"),
        ("seed=1,2", "seed=1,2 stands for several trainings: add -m"),
        ("seed=range(3)", "seed=range(3) stands for several trainings: add -m"),
        ("~model", "a training has one model and one task"),
        ("model=[gru]", "a training has one model and one task"),
        *((wrong, "a group takes the name of an option") for wrong in ("trainer=[1]", "task={a:1}", "+recipe=[[x]]")),
        ("model=1", "a group takes the name of an option"),
        ("+model=gru", "model is given twice"),
        ("model=", "unknown model ''"),
        ("hydra/launcher=nowhere", "unknown hydra/launcher 'nowhere': expected one of basic"),
        pytest.param(
            "hydra/launcher=joblib",
            "hydra/launcher=joblib is not installed: pip install 'ltcbench[parallel]' brings it.",
            marks=pytest.mark.skipif(bool(find_spec("hydra_plugins")), reason="there may be such a launcher"),
        ),
        ("mirror=${x}", "mirror: Interpolation key 'x' not found"),
        ("mirror='${x'", "a ${ has no } behind it"),
    ],
)
def test_what_hydra_says_about_an_override_is_one_sentence_of_ours(override: str, sentence: str) -> None:
    with pytest.raises(UserError) as told:
        composed([override])
    assert sentence in str(told.value)
    assert not [word for word in ("Exception", "Error", "\n", "EOF") if word in str(told.value)]


@settings(deadline=None, max_examples=40)  # each composes, which takes a tenth of a second
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20) | st.text("\\'\"${}a ", max_size=8))
def test_a_text_in_the_quotes_that_are_recommended_arrives_as_it_is(text: str) -> None:
    (override,) = shlex.split(shlex.quote(f"mirror={quoted(text)}"))
    assert composed([override]).mirror == text
