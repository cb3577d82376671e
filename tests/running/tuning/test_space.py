from pathlib import Path

import pytest

from ltcbench.errors import UserError
from ltcbench.running.tuning import space
from ltcbench.running.tuning.space import Choices, Interval
from ltcbench.settings import groups
from ltcbench.settings.composition import composed

FAMILIES = {
    "cfc": ["cfc", "cfc_nogate", "cfc_s", "cfc_mm"],
    "ltc": ["ltc", "ltc_euler", "ltc_rk4"],
    "gated": ["lstm", "gru", "rnn", "gru_d", "phased_lstm", "cornn", "ctgru"],
    "ode": ["ctrnn", "node", "ode_rnn", "gru_ode", "ode_lstm"],
    "transformer": ["transformer"],
}


def read(tmp_path: Path, text: str) -> dict[str, Interval | Choices]:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    return space.read(str(path))


def test_every_space_is_one_for_its_models() -> None:
    assert set(FAMILIES) == set(groups.names("search"))
    for name, models in FAMILIES.items():
        assert groups.comment("search", name)
        for model in models:
            given = [f"model={model}", "task=gesture", "task.source=synthetic"]
            space.check(space.read(name), given, composed(given))


def test_ranges_and_choices_are_read(tmp_path: Path) -> None:
    text = "model.hidden_size: {low: 8, high: 64, step: 8}\ntrainer.learning_rate: {low: 1.0e-3, high: 1, log: true}\n"
    found = read(tmp_path, f"{text}trainer.clip_norm: [null, 1.0]\n")
    assert found["model.hidden_size"] == Interval(8, 64, False, 8)
    assert found["trainer.learning_rate"] == Interval(0.001, 1, True)
    assert found["trainer.clip_norm"] == Choices((None, 1.0))
    assert [getattr(domain, "whole", None) for domain in found.values()] == [True, False, None]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{low: 0, high: 1, log: true}", "a logarithmic range cannot begin at 0: low has to be above 0"),
        ("{low: 2, high: 1}", "the range from 2 to 1 is empty"),
        ("{low: 1, high: .inf}", "a range has two numbers"),
        ("{low: 1}", "a range has two numbers"),
        ("{low: true, high: 2}", "a range has two numbers"),
        ("{low: 1, hihg: 2}", "unknown part of the range of model.x 'hihg': did you mean high"),
        ("{low: 1, high: 2, log: 3}", "log=3 is not true or false"),
        ("{low: 1, high: 10, log: true, step: 2}", "log and step do not go together"),
        ("{low: 1, high: 10, step: 2}", "are no whole number of steps of 2"),
        ("{low: 1, high: 10, step: 0.5}", "step=0.5 is no distance"),
        ("{low: 1.0, high: 2.0, step: -1}", "step=-1 is no distance"),
        ("[1]", "leaves nothing to choose"),
        ("[1, 1]", "leaves nothing to choose"),
        ("[1, [2]]", "holds something else than numbers"),
        ("3", "neither a range nor a list"),
    ],
)
def test_what_is_no_range_is_told(tmp_path: Path, line: str, told: str) -> None:
    with pytest.raises(UserError, match=r"model\.x") as error:
        read(tmp_path, f"model.x: {line}\n")
    assert told in str(error.value) and "\n" not in str(error.value)


def test_files_that_hold_no_space_are_told(tmp_path: Path) -> None:
    for text in ("", "[1, 2]", "a: &b 1\n", "a: [\n"):
        with pytest.raises(UserError, match=r"mine\.yaml"):
            read(tmp_path, text)
    with pytest.raises(UserError, match="No such file"):
        space.read("there-is-none.yaml")
    with pytest.raises(UserError, match="unknown search 'cfx': did you mean cfc"):
        space.read("cfx")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("model.backbone_units: [64, 128]", "unknown setting of a training of lstm 'model.backbone_units'"),
        ("model.name: [lstm, gru]", "unknown setting of a training of lstm 'model.name'"),
        ("task.source: [official, synthetic]", "task.source cannot be searched"),
        ("seed: {low: 0, high: 9}", "seed cannot be searched"),
        ("trainer.learning_rate: {low: -1.0, high: 1.0}", "trainer.learning_rate=-1.0 is out of range"),
        ("model.hidden_size: {low: 8.0, high: 9.5}", "model.hidden_size=8.0 is not a whole number"),
        ("trainer.optimizer: [adam, adma]", "unknown trainer.optimizer 'adma'"),
    ],
)
def test_a_space_that_does_not_fit_the_training_is_told(tmp_path: Path, line: str, told: str) -> None:
    given = ["model=lstm", "task=gesture"]
    with pytest.raises(UserError) as error:
        space.check(read(tmp_path, line), given, composed(given))
    assert told in str(error.value)


def test_what_is_set_by_hand_is_not_searched() -> None:
    whole = space.read("gated")
    left = space.narrowed(whole, ["model=lstm", "+model.hidden_size=8"])
    assert set(whole) - set(left) == {"model.hidden_size"}
    with pytest.raises(UserError, match="leave one of them"):
        space.narrowed(whole, [f"{key}=1" for key in whole])


def test_settings_are_written_as_the_command_line_reads_them() -> None:
    settings = {"trainer.clip_norm": None, "trainer.drop_last": True, "trainer.learning_rate": 1e-05}
    job = composed(["model=lstm", "task=gesture", *space.overrides({**settings, "trainer.optimizer": "adamw"})])
    assert (job.trainer.clip_norm, job.trainer.drop_last, job.trainer.learning_rate) == (None, True, 1e-05)
    assert job.trainer.optimizer == "adamw"
