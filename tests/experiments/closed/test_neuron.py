"""Algorithm 1 for one neuron."""

import numpy as np
import pytest

from ltcbench.experiments.closed.neuron import Form, Neuron, closed_form, euler, fit
from ltcbench.experiments.closed.scalar import Unit, solutions

NEURON = Neuron(0.7, 0.1, 0.5, np.array([5.0, 4.0]), np.array([0.5, 0.4]), np.array([0.8, 0.2]), np.array([1.0, -1.0]))
U = np.random.default_rng(0).standard_normal((50, 2))


def test_one_synapse_is_the_scalar_closed_form() -> None:
    one = Neuron(0.7, 0.0, 0.5, np.array([5.0]), np.array([0.5]), np.array([0.8]), np.array([-1.0]))
    unit = Unit(5.0, 0.5, -1.0, x0=0.4)
    found = solutions(unit, 0.7 / 0.5, 0.1 * np.arange(50), U[:, 0])["closed"]
    assert closed_form(one, U[:, :1], Form(sample=0.1, x0=0.4)) == pytest.approx(found)


def test_the_sum_tends_to_the_sum_and_the_mean_to_the_mean_of_the_reversal_potentials() -> None:
    late = np.zeros((2000, 2))
    assert closed_form(NEURON, late, Form())[-1] == pytest.approx(0)
    assert closed_form(NEURON, late, Form(weights=True, summed=False))[-1] == pytest.approx(0.8 - 0.2)


def test_with_unit_weights_and_capacity_the_code_is_algorithm_1() -> None:
    plain = Neuron(0.7, 0.1, 1.0, NEURON.sigma, NEURON.mu, np.ones(2), NEURON.a)
    assert closed_form(plain, U, Form(weights=True)) == pytest.approx(closed_form(plain, U, Form()))


def test_euler_ends_at_rest_and_a_frozen_source_is_at_rest() -> None:
    still = np.repeat(U[:1], 400, axis=0)
    assert euler(NEURON, still, 0.1, 3.0)[-1] == pytest.approx(NEURON.rest(still)[-1])
    slope = (0.7 * 0.1 + (NEURON.w * NEURON.s(U[0])) @ NEURON.a - (0.7 + NEURON.w @ NEURON.s(U[0])) * 3.0) / 0.5
    assert euler(NEURON, U, 0.1, 3.0)[1] == pytest.approx(3.0 + 0.1 * slope)


def test_how_a_curve_follows_another() -> None:
    reference = U[:, 0]
    assert fit(reference, reference).mse == 0
    scaled = fit(3 * reference + 2, reference)
    assert scaled.left == pytest.approx(0, abs=1e-12)
    assert scaled.mse == pytest.approx(np.mean((2 * reference + 2) ** 2))
    constant = fit(np.full(50, reference.mean()), reference)
    assert (constant.mse, constant.left) == pytest.approx((reference.var(), 1.0))
    assert fit(np.full(50, np.nan), reference).mse == np.inf
