import copy
import dataclasses

import numpy as np
import pytest
import torch

from ltcbench.settings.job import Trainer
from ltcbench.training.optimiser import Optimiser, clip_, learning_rate

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
    optimise = Optimiser({1.0: [p]}, changed(optimizer="adamax", learning_rate=0.1, beta1=0.0, beta2=0.5))
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
    optimise = Optimiser({1.0: [p]}, changed(optimizer="rmsprop"))
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
        optimise = Optimiser({1.0: [p]}, changed(optimizer=kind, weight_decay=0.1))
        p.grad = torch.tensor([1.0])
        optimise.step()
        weights.append(p.item())
    assert weights[0] == pytest.approx(1 - 0.1, abs=1e-5)
    assert weights[1] == pytest.approx(1 - 0.1 * 0.1 - 0.1, abs=1e-5)


TORCHS = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "adamax": torch.optim.Adamax,
    "rmsprop": torch.optim.RMSprop,
}


@pytest.mark.parametrize("kind", TORCHS)
def test_updates_are_those_of_torchs_optimisers_and_go_on_from_their_state(kind: str) -> None:
    torch.manual_seed(0)
    starts = [torch.randn(5, 3), torch.randn(4), torch.randn(2)]
    ours, theirs, later = ([torch.nn.Parameter(start.clone()) for start in starts] for _ in range(3))
    trainer = changed(optimizer=kind, weight_decay=0.01)
    own = {"alpha": 0.9} if kind == "rmsprop" else {"betas": (0.9, 0.999)}
    own |= {"fused": True} if kind in ("adam", "adamw") else {}
    one = Optimiser({1.0: ours[:1], 0.1: ours[1:]}, trainer)
    groups = [{"params": theirs[:1]}, {"params": theirs[1:]}]
    other = TORCHS[kind](groups, 0.1, eps=1e-7, weight_decay=0.01, **own)
    resumed = Optimiser({1.0: later[:1], 0.1: later[1:]}, trainer)
    for update in range(6):
        for p, q, r in zip(ours[: 2 + update % 2], theirs, later, strict=False):  # the last has no gradient at first
            p.grad, q.grad, r.grad = (torch.randn(p.shape).clone(),) * 3
        one.rate = resumed.rate = 0.1 / (update + 1)
        for group, factor in zip(other.param_groups, (1.0, 0.1), strict=True):
            group["lr"] = factor * one.rate
        one.step()
        other.step()
        if update == 3:
            for q, r in zip(theirs, later, strict=True):
                r.data.copy_(q)
            resumed.load_state_dict(copy.deepcopy(other.state_dict()))
        elif update > 3:
            resumed.step()
        one.zero_grad()
        other.zero_grad()
        resumed.zero_grad()
        assert all(map(torch.equal, ours, theirs))
    assert all(map(torch.equal, ours, later))


def test_the_state_of_another_optimiser_or_of_other_parameters_is_refused() -> None:
    p = torch.nn.Parameter(torch.ones(2))
    p.grad = torch.ones(2)
    adam = Optimiser({1.0: [p]}, TRAINER)
    adam.step()
    with pytest.raises(LookupError):
        Optimiser({1.0: [p]}, changed(optimizer="rmsprop")).load_state_dict(adam.state_dict())
    with pytest.raises(LookupError):
        Optimiser({}, TRAINER).load_state_dict(adam.state_dict())
