import dataclasses

import numpy as np
import pytest
import torch

from ltcbench.settings.job import Trainer
from ltcbench.training.optimiser import clip_, learning_rate, optimiser

TRAINER = Trainer(
    optimizer="adam",
    learning_rate=0.1,
    decay=0.5,
    decay_every="epoch",
    least_learning_rate=0.0,
    epochs=2,
    batch_size=4,
    drop_last=False,
    shuffled=True,
    clip_norm=None,
    clip_by="global",
    weight_decay=0.0,
    kernel_penalty=0.0,
    class_weights=None,
    beta1=0.9,
    beta2=0.999,
    rho=0.9,
    epsilon=1e-7,
)


def changed(**settings: object) -> Trainer:
    return dataclasses.replace(TRAINER, **settings)


def test_decay_at_the_end_of_an_epoch_or_at_every_update() -> None:
    assert [learning_rate(TRAINER, update, 4) for update in (0, 3, 4, 8)] == [0.1, 0.1, 0.05, 0.025]
    spread = changed(decay_every="step")
    assert learning_rate(spread, 2, 4) == pytest.approx(0.1 * 0.5**0.5)
    assert learning_rate(spread, 4, 4) == pytest.approx(0.05)


def test_decay_by_the_update_down_to_the_least_rate() -> None:
    """The schedule of Rubanova et al. 2019: 0.01 times 0.999 an update, not below 0.001, whatever an epoch is."""
    trainer = changed(learning_rate=0.01, decay=0.999, decay_every="update", least_learning_rate=0.001)
    rates = [learning_rate(trainer, update, steps) for steps in (1, 64) for update in (0, 1, 1000, 2301, 2302, 9999)]
    assert rates == pytest.approx(2 * [0.01, 0.00999, 0.01 * 0.999**1000, 0.01 * 0.999**2301, 0.001, 0.001])


def test_adamax_is_the_largest_gradient_there_was() -> None:
    p = torch.nn.Parameter(torch.tensor([1.0], dtype=torch.float64))
    optimise = optimiser([p], changed(optimizer="adamax", learning_rate=0.1, beta1=0.0, beta2=0.5))
    for gradient, moved in ((4.0, 0.1), (1.0, 0.05), (1.0, 0.1)):  # the largest: 4, then 2, then 1
        before = p.item()
        p.grad = torch.full_like(p, gradient)
        optimise.step()
        assert before - p.item() == pytest.approx(moved)


def gradients(trainer: Trainer) -> list[torch.Tensor]:
    parameters = [torch.nn.Parameter(torch.zeros(3)), torch.nn.Parameter(torch.zeros(2, 2))]
    for p, size in zip(parameters, (4.0, 0.1), strict=True):
        p.grad = torch.full_like(p, size)
    clip_(parameters, trainer)
    return [p.grad for p in parameters]


def test_clipping_all_together_or_each_by_itself() -> None:
    untouched = gradients(TRAINER)
    assert torch.equal(untouched[0], torch.full((3,), 4.0))
    together = gradients(changed(clip_norm=1.0))
    assert torch.cat([g.flatten() for g in together]).norm() == pytest.approx(1.0, abs=1e-5)
    each = gradients(changed(clip_norm=1.0, clip_by="parameter"))
    assert each[0].norm() == pytest.approx(1.0, abs=1e-6)
    assert torch.equal(each[1], torch.full((2, 2), 0.1))  # its norm 0.2 is below the limit


def test_rmsprop_is_that_of_keras() -> None:
    p = torch.nn.Parameter(torch.tensor([1.0], dtype=torch.float64))
    optimise = optimiser([p], changed(optimizer="rmsprop"))
    expected, mean_square = 1.0, 0.0
    for gradient in (0.5, -2.0, 0.1):
        p.grad = torch.tensor([gradient], dtype=torch.float64)
        optimise.step()
        mean_square = 0.9 * mean_square + 0.1 * gradient**2
        expected -= 0.1 * gradient / (np.sqrt(mean_square) + 1e-7)
    assert p.item() == pytest.approx(expected, abs=1e-12)


def test_adamw_decays_apart_from_the_gradient() -> None:
    weights = []
    for kind in ("adam", "adamw"):
        p = torch.nn.Parameter(torch.tensor([1.0]))
        optimise = optimiser([p], changed(optimizer=kind, weight_decay=0.1))
        p.grad = torch.tensor([1.0])
        optimise.step()
        weights.append(p.item())
    assert weights[0] == pytest.approx(1 - 0.1, abs=1e-5)
    assert weights[1] == pytest.approx(1 - 0.1 * 0.1 - 0.1, abs=1e-5)
