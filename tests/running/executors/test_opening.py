from pathlib import Path
from typing import Any

import pytest

from ltcbench.errors import UserError
from ltcbench.running.executors import cluster, opening
from ltcbench.running.executors.local import Local
from ltcbench.running.folder import fingerprint
from ltcbench.settings import composition, groups
from ltcbench.settings.job import tree


def settings(*overrides: str) -> dict[str, Any]:
    return opening.checked(composition.executor(overrides))


def test_processes_of_this_machine_unless_another_is_chosen() -> None:
    assert settings() == {"name": "local", "jobs": 1}
    executor = opening.opened(settings("executor.jobs=3"))
    assert isinstance(executor, Local) and executor.slots == 3


def test_the_executor_is_told_from_the_other_words() -> None:
    found, others = opening.asked(["ltc-6", "executor.jobs=2", "trainer.epochs=2"], None)
    assert found == {"name": "local", "jobs": 2} and others == ["ltc-6", "trainer.epochs=2"]
    assert opening.asked([], 3) == ({"name": "local", "jobs": 3}, [])
    with pytest.raises(UserError, match="--jobs 2 is for executor=local"):
        opening.asked(["executor=slurm"], 2)


def test_every_option_of_the_group_is_an_executor() -> None:
    assert set(groups.names("executor")) == set(opening.EXECUTORS)
    assert all(groups.comment("executor", name) for name in opening.EXECUTORS)


def test_the_settings_of_a_cluster() -> None:
    found = settings("executor=slurm", "executor.jobs=40", "executor.partition=gpu", "executor.gpus=1")
    assert (found["jobs"], found["partition"], found["gpus"], found["extra"]) == (40, "gpu", 1, [])
    extra = settings("executor=slurm", 'executor.extra=["--account=lab"]')["extra"]
    assert extra == ["--account=lab"]


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["executor=slrum"], "unknown executor 'slrum': did you mean slurm."),
        (["executor.gpus=1"], "unknown setting 'executor.gpus': did you mean"),
        (["executor=slurm", "executor.jbs=1"], "unknown setting 'executor.jbs': did you mean executor.jobs"),
        (["executor=slurm", "+executor.x=1"], "unknown setting of executor=slurm 'x'"),
        (["executor=slurm", "executor.jobs=many"], "executor.jobs=many is not a whole number"),
        (["executor=slurm", "executor.jobs=0"], "executor.jobs=0 is out of range: expected a number from 1"),
        (["executor=slurm", "executor.gpus=true"], "executor.gpus=true is not a whole number"),
        (["executor=slurm", "executor.memory=[8GB]"], "is not text"),
        (["executor=address"], "executor.address is missing"),
        (["~executor.jobs"], "executor.jobs is missing"),
        (["executor.name=slurmy"], "unknown executor 'slurmy'"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(overrides: list[str], sentence: str) -> None:
    with pytest.raises(UserError) as told:
        settings(*overrides)
    assert sentence in str(told.value) and "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("overrides", "module"),
    [(["executor=address", "executor.address=tcp://x:1"], "distributed"), (["executor=slurm"], "dask_jobqueue")],
)
def test_without_the_extra_a_sentence_says_what_to_install(
    overrides: list[str], module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "find_spec", lambda name: None if name == module else object())
    with pytest.raises(UserError, match=rf"needs {module}: install it with pip install 'ltcbench\[cluster\]'"):
        opening.opened(settings(*overrides))


def test_where_a_job_is_done_is_not_part_of_it(tmp_path: Path) -> None:
    job = composition.composed(["task=cheetah", "model=lstm"])
    assert "executor" not in tree(job) and not hasattr(job, "executor")
    with pytest.raises(UserError):
        composition.composed(["task=cheetah", "model=lstm", "executor.jobs=3"])
    assert len(fingerprint(job, {})) == 12
