"""Weights by seed."""

import numpy as np
import torch

from ltcbench.experiments.stability import weights


def test_the_order_of_the_draws() -> None:
    drawn, rng = weights.drawn(np.random.default_rng(5), 2, 3), np.random.default_rng(5)
    for synapses, shape in ((drawn.sensory, (3, 2)), (drawn.recurrent, (3, 3))):
        assert np.array_equal(synapses.w, rng.uniform(0.01, 1, shape))
        assert np.array_equal(synapses.erev, np.where(rng.random(shape) < 0.5, 1.0, -1.0))
        assert np.array_equal(synapses.mu, rng.uniform(0.3, 0.8, shape))
        assert np.array_equal(synapses.sigma, rng.uniform(3, 8, shape))
    assert np.array_equal(drawn.vleak, rng.uniform(-0.2, 0.2, 3))


def test_the_cell_has_the_weights_and_takes_one_step_of_the_length_wanted() -> None:
    drawn = weights.drawn(np.random.default_rng(0), 2, 3)
    made = weights.cell(drawn, "euler", dtype=torch.float64)
    assert made.unfolds == 1
    assert np.array_equal(made.recurrent.mu.detach().numpy(), drawn.recurrent.mu)
    h = np.array([0.03])
    with torch.no_grad():
        reversal, conductance = (part[0] for part in made.drive(torch.ones(1, 1, 2, dtype=torch.float64)))
        v = torch.full((1, 3), 0.2, dtype=torch.float64)
        (after,) = made.step((v,), (reversal, conductance), torch.from_numpy(weights.elapsed_of(made, h))[:, None])
        w = drawn.recurrent.w / (1 + np.exp(-drawn.recurrent.sigma * (0.2 - drawn.recurrent.mu)))
        slope = (reversal + torch.from_numpy((w * drawn.recurrent.erev).sum(1))) - 0.2 * (
            conductance + torch.from_numpy(w.sum(1))
        )
    assert np.allclose(after, v + 0.03 * slope / 0.5, atol=1e-14)
