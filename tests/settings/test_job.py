import dataclasses
import re

import pytest

from ltcbench import places
from ltcbench.errors import UserError
from ltcbench.settings.composition import composed
from ltcbench.settings.job import Trainer


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
    assert set(keys) == {field.name for field in dataclasses.fields(Trainer)}
