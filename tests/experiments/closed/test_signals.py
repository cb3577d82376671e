"""Inputs of one unit."""

import numpy as np
import pytest

from ltcbench.experiments.closed.signals import SIGNALS, ornstein_uhlenbeck

T = np.linspace(0, 10, 2001)


@pytest.mark.parametrize("name", SIGNALS)
def test_the_same_seed_the_same_input(name: str) -> None:
    first, second = (SIGNALS[name](np.random.default_rng(1), T) for _ in range(2))
    assert np.array_equal(first, second)
    assert first.shape == T.shape
    assert not np.array_equal(first, SIGNALS[name](np.random.default_rng(2), T))


def test_the_noise_has_variance_1_and_time_constant_1() -> None:
    path = ornstein_uhlenbeck(np.random.default_rng(0), np.arange(0, 20_000, 0.5))
    assert path.var() == pytest.approx(1, abs=0.05)
    assert np.mean(path[2:] * path[:-2]) == pytest.approx(np.exp(-1), abs=0.05)
