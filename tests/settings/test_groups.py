import pytest

from ltcbench import models, tasks
from ltcbench.errors import UserError
from ltcbench.settings import groups


def test_every_model_and_task_has_its_configuration_and_the_other_way_round() -> None:
    assert groups.names("model") == sorted(models.MODELS)
    assert groups.names("task") == sorted(tasks.TASKS)


def test_unknown_names_in_the_python_door() -> None:
    with pytest.raises(UserError, match=r"unknown quirk of har 'windows': did you mean .*windows_cross_subjects"):
        groups.quirks("har", "paper", {"windows": True})
    with pytest.raises(UserError, match="unknown protocol 'papers': did you mean paper"):
        groups.quirks("har", "papers")
