import dataclasses

import pytest

from ltcbench.reporting import plan
from ltcbench.reporting.plan import Speeds
from ltcbench.running.grid import Planned

from . import fake

LSTM = ("task=cheetah", "model=lstm")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(3.2, "3 s"), (29, "29 s"), (31, "1 min"), (3540, "59 min"), (3600, "1 h 00 min"), (7500, "2 h 05 min")],
)
def test_durations(seconds: float, said: str) -> None:
    assert plan.duration(seconds) == said


def test_the_time_left_is_that_of_the_same_settings_else_of_the_same_model() -> None:
    speeds = Speeds(
        [fake.run(LSTM, 0, 1.0, seconds=2.0), fake.run((*LSTM, "model.hidden_size=8"), 0, 1.0, seconds=4.0)]
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
    text = plan.text(plans, Speeds([fake.run(LSTM, 0, 1.0, seconds=2.0)]), 2)
    lines = text.splitlines()
    assert lines[2].split() == ["cheetah", "lstm", "paper", "200", "1", "1", "1", "8", "min"]
    assert lines[3].split() == ["cheetah", "ltc", "paper", "200", "1", "unknown"]
    assert (
        lines[-1] == "4 runs: 1 finished, 1 resumable, 2 missing. Time left with 2 side by side: 4 min and 1 unknown."
    )
