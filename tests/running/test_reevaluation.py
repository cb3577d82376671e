"""What is made of a run's configuration, which may be damaged."""

from pathlib import Path

import pytest

from ltcbench.errors import UserError
from ltcbench.running.folder import RunFolder
from ltcbench.running.reevaluation import evaluated, job_of
from ltcbench.settings.composition import composed


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    found = RunFolder(tmp_path)
    found.write_config(composed(["model=lstm", "task=gesture", "task.source=synthetic"]))
    return found


@pytest.mark.parametrize("overrides", [["model=cfc", "task=gesture"], ["model=ltc", "task=csv", "protocol=clean"]])
def test_what_was_written_is_the_same_job(overrides: list[str], tmp_path: Path) -> None:
    job = composed([*overrides, "seed=3", "trainer.class_weights=[1,2]", "model.hidden_size=5"])
    RunFolder(tmp_path).write_config(job)
    assert job_of(RunFolder(tmp_path).config()) == job


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("name: lstm", "name: nope", "unknown model 'nope'"),
        ("name: gesture", "name: nope", "unknown task 'nope'"),
        ("name: lstm", "name: ../../x", "unknown model '../../x'"),
        ("protocol: paper", "", "protocol.name=null is not text"),
        ("trainer:", "teacher:", "trainer=None is not a group of settings"),
        ("protocol: paper", "protocol: nope", "unknown protocol 'nope'"),
        ("protocol: paper", "protocol: ${oc.env:HOME}", "unknown protocol '${oc.env:HOME}'"),
        ("source: synthetic", "source: ${oc.env:HOME}", "unknown source of gesture '${oc.env:HOME}'"),
        ("forget_bias: 1.0", "forget_bias: [1]", "model.forget_bias=[1] is not a number"),
        ("forget_bias", "forgot", "unknown option of model lstm 'forgot'"),
        ("random_split", "rndom_split", "unknown quirk of gesture 'rndom_split'"),
        ("random_split: true", "random_split: 3", "task.quirks.random_split=3 is not true or false"),
        ("  quirks:", "  quirks: 1\n  more:", "task.quirks=1 is not a group of settings"),
        ("hidden_size: 32", "hidden_size: x", "model.hidden_size=x"),
        ("epochs: 200", "epochs: -3", "trainer.epochs=-3 is out of range"),
        ("optimizer: adam", "optimizer: sgd", "unknown trainer.optimizer 'sgd'"),
        ("class_weights: null", "class_weights: x", "trainer.class_weights=x"),
        ("seed: 0", f"seed: {10**30}", "seed=1000000000000000000000000000000 is out of range"),
    ],
)
def test_settings_that_no_training_has_are_told_with_the_file(
    old: str, new: str, sentence: str, folder: RunFolder
) -> None:
    path = folder.path / "config.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(UserError) as caught:
        evaluated(folder)
    assert str(caught.value).startswith(f"{path} cannot be used: {sentence}")
    assert "\n" not in str(caught.value)
