import dataclasses

import pytest

from ltcbench.reporting import plan
from ltcbench.reporting.plan import Speeds
from ltcbench.running.grid import Planned
from ltcbench.settings.job import Job

from . import fake

LSTM = ("task=cheetah", "model=lstm")


def test_the_time_left_is_that_of_the_same_settings_else_of_the_same_model() -> None:
    speeds = Speeds(
        [fake.run(LSTM, 0, 1.0, seconds=2.0), fake.run((*LSTM, "model.hidden_size=8"), 0, 1.0, seconds=4.0)], []
    )
    assert speeds.seconds(Planned(fake.job(*LSTM), "missing", 10)) == 20
    assert speeds.seconds(Planned(fake.job(*LSTM, "model.hidden_size=8"), "missing", 10)) == 40
    assert speeds.seconds(Planned(fake.job(*LSTM, "model.hidden_size=9"), "missing", 10)) == 30
    assert speeds.seconds(Planned(fake.job("task=cheetah", "model=ltc"), "missing", 10)) is None


def test_the_plan_counts_and_adds_up() -> None:
    job, other = fake.job(*LSTM), fake.job("task=cheetah", "model=ltc")
    plans = [
        Planned(job, "finished", 0),
        Planned(dataclasses.replace(job, seed=1), "resumable", 50),
        Planned(dataclasses.replace(job, seed=2), "missing", 200),
        Planned(other, "missing", 200),
    ]
    text = plan.text(plans, Speeds([fake.run(LSTM, 0, 1.0, seconds=2.0)], []), 2)
    lines = text.splitlines()
    assert lines[2].split() == ["cheetah", "lstm", "paper", "200", "1", "1", "1", "8", "min"]
    assert lines[3].split() == ["cheetah", "ltc", "paper", "200", "1", "unknown"]
    assert lines[-1] == (
        "4 runs: 1 finished, 1 resumable, 2 missing. Time left with 2 side by side: 4 min and 1 unknown. "
        "Times: 2 by runs here, 1 unknown."
    )


LTC = ("task=cheetah", "model=ltc")


def test_what_was_measured_elsewhere_is_scaled_by_what_was_measured_on_both() -> None:
    here, there = fake.run(LSTM, 0, 1.0, seconds=3.0), fake.run(LSTM, 0, 1.0, seconds=2.0)
    dear = fake.run(LTC, 0, 1.0, seconds=10.0)
    assert Speeds([here], [there, dear]).seconds(Planned(fake.job(*LTC), "missing", 2)) == pytest.approx(30)
    assert Speeds([], [there, dear]).seconds(Planned(fake.job(*LTC), "missing", 2)) == 20
    assert Speeds([here], [there]).seconds(Planned(fake.job(*LSTM), "missing", 2)) == 6


def test_a_plan_says_where_its_times_come_from() -> None:
    here, there = fake.run(LSTM, 0, 1.0, seconds=3.0), fake.run(LSTM, 0, 1.0, seconds=2.0)
    dear, plans = fake.run(LTC, 0, 1.0, seconds=10.0), [Planned(fake.job(*LTC), "missing", 2)]
    scaled = Speeds([here], [there, dear]).origin(plans)
    assert scaled == " Times: 1 by published runs (times 1.50, as this machine is to theirs)."
    assert Speeds([], [dear]).origin(plans) == " Times: 1 by published runs (on their machines)."
    assert Speeds([dear], []).origin(plans) == " Times: 1 by runs here."
    assert Speeds([], []).origin(plans) == ""


def test_what_tells_most_per_hour_comes_first() -> None:
    """A cell without runs before the second seed of another, that before the fourth; cheap before dear."""
    lstm, ltc, gru = fake.job(*LSTM), fake.job(*LTC), fake.job("task=cheetah", "model=gru")

    def some(job: Job, seeds: int, done: int = 0) -> list[Planned]:
        plans = [Planned(dataclasses.replace(job, seed=seed), "missing", 10) for seed in range(seeds)]
        return [dataclasses.replace(p, state="published", epochs=0) for p in plans[:done]] + plans[done:]

    speeds = Speeds([fake.run(LSTM, 0, 1.0, seconds=1.0), fake.run(LTC, 0, 1.0, seconds=5.0)], [])
    order = plan.by_worth([*some(ltc, 4), *some(gru, 1), *some(lstm, 4, done=1)], speeds)
    assert [(p.job.model, p.job.seed) for p in order] == [
        *[("ltc", 0), ("gru", 0)],  # without any run; what gru costs nobody knows
        *[("lstm", 1), ("lstm", 2), ("ltc", 1), ("ltc", 2)],
        *[("lstm", 3), ("ltc", 3)],
    ]


def test_published_runs_count_where_seed_epochs_and_source_fit() -> None:
    job = fake.job(*LSTM)
    plans = [Planned(dataclasses.replace(job, seed=seed), "missing", 200) for seed in range(4)]
    runs = [
        fake.run(LSTM, 0, 1.0),
        fake.run((*LSTM, "trainer.epochs=5"), 1, 1.0),
        fake.run(LSTM, 2, 1.0, source="synthetic"),
        fake.run(LSTM, 3, 1.0, status="failed"),
    ]
    assert [p.state for p in plan.with_published(plans, runs)] == ["published", "missing", "missing", "missing"]


def test_the_order_tells_the_hours_of_each_table() -> None:
    lstm, ltc = Planned(fake.job(*LSTM), "missing", 3600), Planned(fake.job(*LTC), "resumable", 1)
    speeds = Speeds([fake.run(LSTM, 0, 1.0, seconds=1.0)], [])
    text = plan.ordered([lstm, ltc], speeds, {id(lstm.job): "a", id(ltc.job): "b"})
    assert text.splitlines()[-1] == "2 runs: a 1 h 00 min, b unknown. Times: 1 by runs here, 1 unknown."
