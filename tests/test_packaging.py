"""What others' tools read of the project: citation, workflow, issue forms, image."""

import re
from pathlib import Path

import pytest
import yaml

from .conftest import ROOT

FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))


def test_the_workflow_calls_make_test_and_nothing_else() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text())
    (job,) = workflow["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == ["make test"]
    project = (ROOT / "pyproject.toml").read_text()
    classified = re.findall(r"Python :: (3\.\d+)", project)
    assert job["strategy"]["matrix"]["python"] == classified
    assert f'requires-python = ">={classified[0]},' in project


def test_the_citation_names_version_licence_and_both_papers() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    project = (ROOT / "pyproject.toml").read_text()
    assert f'version = "{citation["version"]}"' in project
    assert f'license = "{citation["license"]}"' in project
    papers = [reference["url"] for reference in citation["references"]]
    assert papers == re.findall(r"\((https://arxiv\.org/abs/\S+)\)", (ROOT / "README.md").read_text())[:2]


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")), ids=lambda path: path.stem
)
def test_an_issue_form_asks_for_what_is_needed(path: Path) -> None:
    form = yaml.safe_load(path.read_text())
    assert {"name", "description", "body"} <= set(form)
    assert all(field["attributes"]["label"] and field["validations"]["required"] for field in form["body"])


def test_the_image_starts_the_command_and_copies_files_that_exist() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert len(lines) <= 10
    assert lines[-1] == 'ENTRYPOINT ["ltcbench"]'
    assert (ROOT / "constraints.txt").is_file()
