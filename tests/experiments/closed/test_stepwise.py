"""Formulas used step by step: which errors shrink."""

import numpy as np
import pytest

from ltcbench.experiments.closed.scalar import Unit
from ltcbench.experiments.closed.stepwise import STEPS, after, exact

REFERENCE = {  # of a prototype of ours, for 4, 64 and 1024 steps
    "closed": (0.018, 0.0187, 0.0187),
    "no_factor": (-2e-3, -5e-5, -3e-6),
    "exponential": (-0.074, -0.0051, -0.00032),
    "fused": (-0.058, -0.0034, -0.00021),
}


@pytest.mark.parametrize("name", STEPS)
def test_errors_in_the_end(name: str) -> None:
    true = exact(modified=name in ("closed", "no_factor"))
    errors = [after(STEPS[name], n) - true for n in (4, 64, 1024)]
    assert errors == pytest.approx(REFERENCE[name], rel=0.12)


def test_one_step_of_a_constant_input_is_exact_where_it_should_be() -> None:
    unit, w, h = Unit(sigma=1e-9, mu=0.0, a=2.0, x0=0.5), 0.3, 1.7  # f is 1/2 for every input
    rest = unit.a * 0.5 / (w + 0.5)
    assert STEPS["exponential"](0.5, 0.5, w, h, unit) == pytest.approx(rest + (0.5 - rest) * np.exp(-0.8 * h))
    assert STEPS["no_factor"](0.5, 0.5, w, h, unit) == pytest.approx(exact(True, unit, w, h))
    assert STEPS["exponential"](0.5, 0.5, w, h, unit) == pytest.approx(exact(False, unit, w, h))
