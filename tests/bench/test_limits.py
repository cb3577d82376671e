import pytest
import torch

from ltcbench.bench import actions, limits
from ltcbench.bench.cases import Case, Shape
from ltcbench.bench.limits import work

CPU = torch.device("cpu")
B, T, F, H, U = 3, 5, 2, 4, 6  # batch, time, features, units, backbone
SHAPE = Shape(B, T, F, H)


def step(case: Case) -> limits.Work:
    return work(actions.training_step(actions.built(case, CPU), actions.batch(case, CPU), "eager"))


def test_flop_of_a_training_step_are_those_counted_by_hand() -> None:
    found = step(Case("cfc", SHAPE, options={"backbone_units": U}))
    of_inputs = 2 * T * B * F * U  # forward, and once more for the weights; the inputs need no gradient
    of_state, of_heads = 2 * B * H * U, 2 * B * U * 4 * H
    first = of_state  # the first state needs no gradient either
    assert found.flop == 2 * of_inputs + 3 * T * (of_state + of_heads) - first
    assert found.product == (B, U, 4 * H)
    assert found.sigmoids == T * B * (U + 3 * H)


def test_sigmoids_of_an_ltc_are_its_synapses() -> None:
    found = step(Case("ltc", SHAPE, options={"unfolds": 3}))
    assert (found.flop, found.product) == (0, None)
    assert found.sigmoids == T * B * F * H + 3 * T * B * H * H
    assert found.array == B * H * H


def test_rates_are_work_over_time(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def seconds(action: limits.Action, device: torch.device) -> float:
        action()
        calls.append(torch.get_float32_matmul_precision())
        return 0.5

    monkeypatch.setattr(limits, "_seconds", seconds)
    assert limits.product_rate.__wrapped__((2, 3, 5), "bfloat16_matmul", CPU) == 2 * 2 * 3 * 5 / 0.5
    assert limits.sigmoid_rate.__wrapped__(7, CPU) == 14
    assert calls == ["medium", "highest"]


def test_the_least_time_is_that_of_products_and_of_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "product_rate", lambda *_: 100.0)
    monkeypatch.setattr(limits, "exponential_rate", lambda *_: 10.0)
    assert limits.least(limits.Work(50, (1, 5, 5), 20, 4), "float32", CPU) == 0.5 + 2
    assert limits.least(limits.Work(0, None, 0, 0), "float32", CPU) is None
