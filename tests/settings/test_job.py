import dataclasses
import re

import pytest

from ltcbench import places
from ltcbench.errors import UserError
from ltcbench.settings.composition import composed
from ltcbench.settings.job import Trainer, checked, tree


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("trainer.class_weights=x", "is not a list of numbers or null"),
        ("trainer.class_weights=[1,x]", "is not a list of numbers or null"),
        ("trainer.class_weights=[-1,1]", "expected a number from 0"),
        ("trainer.class_weights=[0,0]", "has no number above zero"),
        ("trainer.class_weights=[]", "has no number above zero"),
        ("trainer.class_weights=[1,nan]", "expected a number from 0"),
        ("trainer.epochs=0", "expected a number from 1 to below 2^31"),
        ("trainer.epochs=1.5", "is not a whole number"),
        ("trainer.batch_size=1000000000000000000000000000000", "expected a number from 1 to below 2^31"),
        ("trainer.beta1=1.0", "expected a number from 0 to below 1"),
        ("trainer.beta2=1.5", "expected a number from 0 to below 1"),
        ("trainer.rho=2", "expected a number from 0 to below 1"),
        ("trainer.rho=-0.1", "expected a number from 0 to below 1"),
        ("trainer.epsilon=0", "expected a number above 0"),
        ("trainer.learning_rate=1e39", "expected a number above 0 to 1e+30"),
        ("trainer.weight_decay=nan", "expected a number from 0"),
        ("seed=18446744073709551616", "expected a number from 0 to below 2^64"),
        ("threads=1000000", "expected a number from 1 to 1024"),
        ("model.hidden_size=99999999", "expected a number from 1 to 1000000"),
        ("task.quirks=3", "task.quirks"),
        ("~seed", "seed is missing"),
        ("~trainer.epochs", "trainer.epochs is missing"),
        ("~model.hidden_size", "model.hidden_size is missing"),
        ("seed=-1", "expected a number from 0 to below 2^64"),
        ("seed=true", "is not a whole number"),
        ("threads=0", "expected a number from 1 to 1024"),
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


@pytest.mark.parametrize(
    "override",
    [
        "seed=18446744073709551615",
        "seed=0",
        "threads=1024",
        "trainer.beta1=0",
        "trainer.beta2=0.9999999",
        "trainer.rho=0",
        "trainer.batch_size=2147483647",
        "trainer.clip_norm=1e30",
        "trainer.class_weights=[0,1]",
        "model.hidden_size=1",
    ],
)
def test_the_ends_of_a_range_are_in_it(override: str) -> None:
    composed([override])


def test_whole_numbers_serve_as_numbers() -> None:
    assert composed(["trainer.learning_rate=1"]).trainer.learning_rate == 1.0


def test_the_trainer_yaml_has_exactly_the_fields_of_the_dataclass() -> None:
    text = (places.conf() / "trainer" / "default.yaml").read_text()
    keys = re.findall(r"^(\w+):", text, flags=re.MULTILINE)
    assert set(keys) == {field.name for field in dataclasses.fields(Trainer)}


@pytest.mark.parametrize(
    ("override", "group"),
    [
        ("trainer.shuffled=false", "trainer"),
        ("trainer.least_learning_rate=0.001", "trainer"),
        ("model.union_times=true", "model"),
        ("model.forward_time_bug=true", "model"),
        ("task.quirks.unlabelled_as_walking=true", "task"),
    ],
)
def test_a_setting_younger_than_published_runs_is_told_only_where_it_is_set(override: str, group: str) -> None:
    pair = ["task=person_irregular", "model=ode_rnn", "model.flavour=latent_ode"]
    before, after = tree(composed(pair)), tree(composed([*pair, override]))
    key = override.partition("=")[0].rpartition(".")[2]
    found = after[group]["quirks"] if group == "task" else after[group]
    assert key in found and f"'{key}'" not in str(before)
    assert (
        tree(checked({**_everything(pair), "trainer": dict(before["trainer"])}, "none"))["trainer"] == before["trainer"]
    )


def test_a_switch_younger_than_published_runs_is_told_only_where_it_is_on() -> None:
    pair = ["task=physionet", "model=cfc"]
    assert "seeded_validation" not in tree(composed(pair))["task"]["quirks"]
    assert tree(composed([*pair, "task.quirks.seeded_validation=true"]))["task"]["quirks"]["seeded_validation"]


def _everything(overrides: list[str]) -> dict[str, object]:
    """The settings of a training whose trainer is that of an older ``config.yaml``."""
    job = composed(overrides)
    told = tree(job)
    top = ("device", "engine", "precision", "threads", "mirror", "force", "tracker", "tracking_uri")
    return {**told, **{key: getattr(job, key) for key in top}, "protocol": {"name": "paper"}}
