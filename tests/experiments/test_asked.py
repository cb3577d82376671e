"""Settings of experiments, and mistakes in them."""

import re
from dataclasses import asdict, fields

import pytest
import yaml

from ltcbench import cli, places
from ltcbench.experiments.asked import asked
from ltcbench.experiments.experiment import experiment, names
from ltcbench.settings import groups


@pytest.mark.parametrize("name", names())
def test_every_setting_is_explained_and_has_its_range(name: str) -> None:
    its, notes = experiment(name), groups.experiment_notes(name)
    _, settings = asked(name, [])
    for field in fields(settings):
        value = getattr(settings, field.name)
        inner = [f"quirks.{quirk.name}" for quirk in fields(value)] if field.name == "quirks" else [field.name]
        for key in inner:
            assert notes[key], key
            kind = getattr(settings.quirks, key[7:]) if key.startswith("quirks.") else value
            assert isinstance(kind, bool) or key in {*its.RANGES, *its.CHOICES, "recording"}, key
    keys = {field.name for field in fields(settings)}
    assert {key.partition(".")[0] for key in (*its.RANGES, *its.CHOICES)} <= keys


@pytest.mark.parametrize("name", names())
def test_the_protocols_differ_by_their_quirks_alone(name: str) -> None:
    text = yaml.safe_load((places.conf() / "experiment" / f"{name}.yaml").read_text())
    switched = {key for key, value in text.get("quirks", {}).items() if value == "${protocol.quirks}"}
    (_, paper), (_, clean) = (asked(name, [f"protocol={protocol}"]) for protocol in ("paper", "clean"))
    for field in fields(paper):
        if field.name != "quirks":
            assert getattr(paper, field.name) == getattr(clean, field.name)
    if text.get("quirks"):
        on, off = asdict(paper.quirks), asdict(clean.quirks)
        assert {key for key, value in on.items() if off[key] != value} == switched


def test_a_quirk_is_a_switch() -> None:
    _, settings = asked("trajectory", ["protocol=clean", "quirks.two_drives=true", "quirks.tau_sd=1"])
    assert settings.quirks.two_drives is True and settings.quirks.summed_reversal is False
    assert settings.quirks.tau_sd == 1.0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["dept"], "unknown experiment 'dept': did you mean depth"),
        (["depth", "drawz=4"], "unknown setting 'drawz': did you mean draws"),
        (["depth", "+drawz=4"], "unknown setting 'drawz': did you mean draws"),
        (["depth", "~draws"], "draws is missing"),
        (["depth", "draws=0"], "draws=0 is out of range: expected a number from 1 to 10000"),
        (["depth", "draws=x"], "draws=x is not a whole number"),
        (["depth", "draws=1,2"], "draws=1,2"),
        (["depth", "activations=[tan]"], "unknown activations 'tan': did you mean tanh"),
        (["depth", "protocol=papr"], "unknown protocol 'papr': did you mean paper"),
        (["depth", "quirks.tau_sd=true"], "quirks.tau_sd=true is not a number"),
        (["depth", "quirks.tau_sd=0"], "quirks.tau_sd=0 is out of range"),
        (["depth", "quirks.two_drives=1"], "quirks.two_drives=1 is not true or false"),
        (["depth", "quirks.two_drive=true"], "unknown setting 'quirks.two_drive'"),
        (["depth", "quirks=true"], "quirks"),
        (["trajectory", "panels=[2F]"], "unknown panels '2F'"),
        (["lower-bounds", "spreads=[2]"], "are not equally many"),
        (["depth", "--jobs", "0"], "--jobs=0 is out of range"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(capsys: pytest.CaptureFixture[str], words: list[str], sentence: str) -> None:
    assert cli.run(["experiment", *words]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1 and re.search(r"[a-z]", error)
