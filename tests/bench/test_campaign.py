"""Hours of tables from measured updates."""

import dataclasses
import re
from pathlib import Path

import pytest
import torch

from ltcbench import tasks
from ltcbench.bench import campaign
from ltcbench.bench.measure import Bench
from ltcbench.settings.composition import composed
from ltcbench.settings.job import Job
from tests.bench import rows
from tests.reporting import fake


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Job:
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("LTCBENCH_DATASETS", str(tmp_path / "datasets"))
    small = ["model.hidden_size=4", "trainer.epochs=10", "trainer.batch_size=16"]
    return composed(["task=cheetah", "task.source=synthetic", "model=lstm", *small])


def test_updates_of_a_whole_training(job: Job) -> None:
    keep, drop = (
        dataclasses.replace(job, trainer=dataclasses.replace(job.trainer, drop_last=drop)) for drop in (False, True)
    )
    assert campaign.updates(keep, 33) == 30
    assert campaign.updates(drop, 33) == 20
    assert campaign.updates(drop, 5) == 10  # a batch is never larger than the data


def test_an_update_trains(job: Job) -> None:
    data = tasks.load(job.task, job.protocol, job.source, job.quirks, job.mirror, **job.task_options)
    losses = []
    real = campaign.metrics.loss

    def noted(*arguments: object) -> torch.Tensor:
        losses.append(real(*arguments))  # type: ignore[arg-type]
        return losses[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(campaign.metrics, "loss", noted)
        act = campaign.update(dataclasses.replace(job, threads=1), data, torch.device("cpu"))
        for _ in range(60):
            act()
    assert sum(losses[-10:]) < sum(losses[:10])


def test_hours_are_seconds_of_a_training_times_runs(job: Job) -> None:
    bench = Bench(3, torch.device("cpu"))
    other = dataclasses.replace(job, model="gru", model_options={})
    rows = campaign.measured(bench, [job, dataclasses.replace(job, seed=1), other])
    assert [row.model for row in rows] == ["lstm", "gru"] and not bench.notes
    assert all(row.median > 0 for row in rows)
    hour = [dataclasses.replace(row, median=hours * 3600) for row, hours in zip(rows, (1.5, 4), strict=True)]
    unknown = dataclasses.replace(job, model="rnn", model_options={})
    text = campaign.text(hour, {"one": [job, dataclasses.replace(job, seed=1)], "two": [other, unknown]})
    assert re.search(r"^two +2 +4\.0 .* 1$", text, flags=re.MULTILINE)
    assert re.search(r"^one +2 +3\.0 .* 0$", text, flags=re.MULTILINE)
    assert re.search(r"^all +4 +7\.0 .* 1$", text, flags=re.MULTILINE)
    assert re.search(r"^lstm +2 +3\.0 .* 0$", text, flags=re.MULTILINE)


def test_data_that_are_not_here_are_not_fetched(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LTCBENCH_MIRROR", "")
    bench = Bench(3, torch.device("cpu"))
    assert campaign.measured(bench, [composed(["task=ozone", "model=lstm"])]) == []
    assert bench.notes == ["ozone is left out: get its data with ltcbench data fetch ozone."]


def test_a_part_of_the_data_stands_for_all_of_them(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    bench, sizes = Bench(3, torch.device("cpu")), []
    monkeypatch.setattr(campaign.tasks, "at_hand", lambda name, source: source == "subset")
    monkeypatch.setattr(campaign.tasks, "load", lambda *arguments, **options: data)
    data = tasks.synthetic.make(tasks.TASKS["power"].SPEC)
    monkeypatch.setattr(campaign, "updates", lambda job, sequences: sizes.append(sequences) or 1)
    assert [row.task for row in campaign.measured(bench, [composed(["task=power", "model=lstm"])])] == ["power"]
    assert sizes == [round(len(data.train) * 2075260 / 37288)]
    assert bench.notes == ["power is measured on its subset data, 1.8% of the official ones."]


@pytest.mark.parametrize(("source", "told"), [("official", ["1.0", "1.0", "2.0", "0"]), ("subset", ["1.0", "0"])])
def test_published_runs_on_a_part_of_the_data_are_no_comparison(
    source: str, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = ("task=power", "model=lstm", "trainer.epochs=10")
    published = fake.run(setting, 0, 1.0, seconds=720.0, source=source)
    monkeypatch.setattr(campaign.published, "every", lambda folder: [published])
    row = dataclasses.replace(rows.row(rows.CASE, 3600.0), settings=published.settings)
    text = campaign.text([row], {"one": [fake.job(*setting)]})
    assert text.splitlines()[2].split() == ["one", "1", *told]
