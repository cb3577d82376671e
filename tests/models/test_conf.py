"""conf/model/<name>.yaml and the builder say the same."""

import re

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from ltcbench import models, places

FOLDER = places.conf() / "model"


def test_every_model_has_its_file() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(models.MODELS)


@pytest.mark.parametrize("name", models.MODELS)
def test_defaults_are_the_builders(name: str) -> None:
    with initialize_config_dir(str(places.conf()), version_base="1.3"):
        composed = OmegaConf.to_container(compose(f"model/{name}")["model"])
    assert isinstance(composed, dict)
    assert composed.pop("name") == name
    assert composed.pop("hidden_size") > 0
    assert composed == models.options_of(name)


@pytest.mark.parametrize("name", models.MODELS)
def test_every_default_has_a_comment(name: str) -> None:
    title, *lines = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    assert title.startswith("# ")
    for line in lines:
        if not re.match(r"#|name:|defaults:", line):
            assert re.search(r"\S {2,}# \S", line), line
