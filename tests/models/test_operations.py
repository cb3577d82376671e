"""Multiply-adds of a time step, beside those counted by hand from the equations."""

import pytest

from ltcbench import models
from ltcbench.errors import UserError
from ltcbench.models.operations import EACH, FREE, PRODUCTS, multiply_adds, operations

F, H, K, U = 3, 8, 2, 128  # features, units, outputs, units of the backbone

BY_HAND = {
    "rnn": H * (F + H) + H * K,
    "lstm": 4 * H * (F + H) + 3 * H + H * K,  # four gates; f c, i g, o tanh(c); read-out
    "cfc": U * (F + H) + 2 * U + 4 * H * U + 2 * H + H * K,  # 1.7159 tanh(0.666 z); t_a t, g (ff2 - ff1)
    # Map of the inputs; sigma (u - mu), w s, (w s) erev of each synapse; cm v, h, h and the division, six times.
    "ltc": F + 3 * F * H + 6 * (3 * H * H + 4 * H) + H * K,
}


@pytest.mark.parametrize("name", BY_HAND)
def test_multiply_adds_are_those_of_the_equations(name: str) -> None:
    assert multiply_adds(models.build(name, F, H, K).eval()) == BY_HAND[name]


def test_what_weights_alone_decide_does_not_count() -> None:
    dense, sparse = (models.build("cfc", F, H, K, backbone_layers=0, wiring=w).eval() for w in ("full", "random"))
    assert multiply_adds(dense) == multiply_adds(sparse)  # the mask times the weights


@pytest.mark.parametrize("name", models.MODELS)
def test_every_operation_of_every_model_is_known(name: str) -> None:
    try:
        found = operations(models.build(name, F, H, K).eval())
    except UserError as error:
        assert "no time step that is always the same" in str(error)
        return
    counted = {*EACH, *PRODUCTS}
    assert {operation.removeprefix("aten.").strip("_") for operation in found - counted} <= FREE
