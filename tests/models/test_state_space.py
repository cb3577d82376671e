"""The matrices of linear memories, against SciPy, printed values and what they stand for."""

import numpy as np
import pytest
import torch
from scipy.signal import cont2discrete
from torch import Tensor

from ltcbench.models.cells.state_space import discrete, lagt, legt, zero_order_hold


@pytest.mark.parametrize("system", [lagt, legt])
@pytest.mark.parametrize(("order", "dt"), [(1, 0.3), (4, 0.01), (32, 0.01), (100, 0.05)])
def test_zero_order_hold_is_scipys(system: object, order: int, dt: float) -> None:
    A, B = system(order)  # type: ignore[operator]
    ours = zero_order_hold(A, B, dt)
    theirs = cont2discrete((A.numpy(), B[:, None].numpy(), np.eye(order), np.zeros((order, 1))), dt, method="zoh")
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(ours[1], theirs[1][:, 0], rtol=1e-9, atol=1e-11)


def test_legt_is_that_of_keras_lmu() -> None:
    A, B = zero_order_hold(*legt(3), 1 / 100)
    assert A[0].tolist() == pytest.approx([0.99014, -0.01004, -0.00956], abs=5e-6)
    assert B.tolist() == pytest.approx([0.00986, -0.03013, 0.04779], abs=5e-6)


def test_a_constant_settles_at_plus_and_minus_two_in_lagt() -> None:
    A, B = zero_order_hold(*lagt(6), 1.0)
    c = torch.linalg.solve(torch.eye(6, dtype=torch.float64) - A, B)
    assert c.tolist() == pytest.approx([2, -2, 2, -2, 2, -2])


def test_legt_remembers_a_sine_for_the_length_of_its_window() -> None:
    theta, order = 100, 6
    A, B = zero_order_hold(*legt(order), 1 / theta)
    u = torch.sin(2 * torch.pi * torch.arange(1000, dtype=torch.float64) / 200)
    c, states = torch.zeros(order, dtype=torch.float64), []
    for value in u:
        c = A @ c + B * value
        states.append(c)
    for ago in (0, 25, 50, 75, 100):
        weights = np.polynomial.legendre.legvander(np.array([2 * ago / theta - 1]), order - 1)[0]
        decoded = torch.stack(states[300:]) @ torch.from_numpy(weights)
        assert (decoded - u[300 - ago : 1000 - ago]).abs().max() < 0.02 + 0.02  # a step of a hold more or less


def test_what_a_cell_gets_has_its_kind_and_is_not_shared() -> None:
    A, _ = discrete(lagt, 4, 0.1)
    again, _ = discrete(lagt, 4, 0.1)
    assert A.dtype == torch.get_default_dtype()
    A.zero_()
    assert again.any()
    free: tuple[Tensor, Tensor]
    with torch.device("meta"):
        free = discrete(lagt, 10**5, 0.1)
    assert free[0].is_meta and free[0].shape == (10**5, 10**5)
