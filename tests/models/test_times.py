"""The elapsed times of the recurrent rows of Rubanova et al. 2019, against their loop written out."""

import pytest
import torch
from torch import Tensor

from ltcbench import models
from ltcbench.errors import UserError
from ltcbench.models.times import retimed


def gaps(*series: list[float]) -> tuple[Tensor, Tensor]:
    """Elapsed times and which steps there are, each (T, B), of series with these times."""
    length = max(map(len, series))
    times = torch.tensor([[*one, *[one[-1]] * (length - len(one))] for one in series], dtype=torch.float64)
    known = torch.tensor([[True] * len(one) + [False] * (length - len(one)) for one in series])
    return torch.diff(times, dim=1, prepend=torch.zeros(len(series), 1)).t(), known.t()


def theirs(times: list[float]) -> list[float]:
    """The increments of their loop over these times, the largest of which is 1."""
    before, now = times[-1] + 0.01, times[-1]
    found = []
    for i, time in enumerate(times):
        found.append(now - before)
        before, now = time, times[i - 1]
    return found


def test_the_time_of_ode_rnn_runs_backwards_one_step_late() -> None:
    elapsed, known = gaps([0, 0.1, 0.3, 0.35, 1])
    expected = [-0.01, 1, -0.1, -0.2, -0.05]
    assert theirs([0, 0.1, 0.3, 0.35, 1]) == pytest.approx(expected)
    assert retimed(elapsed, known, False, True)[:, 0].tolist() == pytest.approx(expected)


def test_each_series_runs_back_over_its_own_times() -> None:
    a, b = [0.0, 0.2, 0.3, 1.0], [0.1, 0.4]
    found = retimed(*gaps(a, b), False, True)
    assert found[:, 0].tolist() == pytest.approx(theirs(a))
    assert found[:2, 1].tolist() == pytest.approx([-0.01, 0.3]) and not found[2:, 1].any()


def test_over_the_union_what_was_moved_over_adds_up() -> None:
    a, b = [0.0, 0.2, 0.3, 1.0], [0.1, 0.4]
    union = [0.0, 0.1, 0.2, 0.3, 0.4, 1.0]
    steps = dict(zip(union, theirs(union), strict=True))
    found = retimed(*gaps(a, b), True, True)
    for series, times in enumerate((a, b)):
        for i, time in enumerate(times):
            between = [moved for at, moved in steps.items() if at <= time and (i == 0 or at > times[i - 1])]
            assert found[i, series].item() == pytest.approx(sum(between))


def test_union_times_are_gaps_to_the_next_moment_of_any_series() -> None:
    found = 7 * retimed(*gaps([0.0, 2.0, 3.0, 7.0], [1.0, 4.0]), True, False)
    assert found[:, 0].tolist() == pytest.approx([1, 1, 1, 0])
    assert found[:, 1].tolist() == pytest.approx([1, 3, 0, 0])


@pytest.mark.parametrize("switches", [(True, False), (False, True), (True, True)])
def test_nothing_known_is_no_time(switches: tuple[bool, bool]) -> None:
    for batch in (0, 2):
        nothing = torch.zeros(3, batch, dtype=torch.bool)
        assert not retimed(torch.ones(3, batch), nothing, *switches).any()


ROWS = [
    ("rnn_dt", {}),
    ("rnn_impute", {}),
    ("gru_d", {}),
    ("rnn_decay", {"flavour": "latent_ode"}),
    ("ode_rnn", {"flavour": "latent_ode", "forward_time_bug": True}),
]


@pytest.mark.parametrize(("name", "options"), ROWS)
def test_a_row_on_the_union_depends_on_who_is_in_the_batch(name: str, options: dict[str, object]) -> None:
    torch.manual_seed(0)
    net = models.build(name, 2, 3, 2, feature_mask=True, union_times=True, **options)
    if name == "rnn_decay":
        net.cell.rate.weight.data.abs_()  # else nothing decays
    x, mask = torch.randn(2, 4, 2), torch.ones(2, 4, 2, dtype=torch.bool)
    mask[0, 3] = False
    elapsed = torch.rand(2, 4)
    both, _ = net(x, elapsed=elapsed, mask=mask)
    alone, _ = net(x[:1], elapsed=elapsed[:1], mask=mask[:1])
    assert (both[:1] - alone).abs().max() > 1e-5
    net.cell.union_times = net.cell.forward_time_bug = False
    both, _ = net(x, elapsed=elapsed, mask=mask)
    alone, _ = net(x[:1], elapsed=elapsed[:1], mask=mask[:1])
    torch.testing.assert_close(both[:1], alone)


def test_the_switches_are_refused_where_they_mean_nothing() -> None:
    with pytest.raises(UserError, match=r"model\.forward_time_bug=true is of model\.flavour=latent_ode"):
        models.build("ode_rnn", 2, 3, forward_time_bug=True)
    with pytest.raises(UserError, match=r"model\.union_times=true is of model\.flavour=latent_ode"):
        models.build("rnn_decay", 2, 3, union_times=True)
    with pytest.raises(UserError, match="takes no single steps"):
        models.build("rnn_dt", 2, 3, union_times=True).stepper()
