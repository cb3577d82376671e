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
    epochs=2,
    batch_size=4,
    drop_last=False,
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
    optimise = Optimiser([p], changed(optimizer="rmsprop"))
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
        optimise = Optimiser([p], changed(optimizer=kind, weight_decay=0.1))
        p.grad = torch.tensor([1.0])
        optimise.step()
        weights.append(p.item())
    assert weights[0] == pytest.approx(1 - 0.1, abs=1e-5)
    assert weights[1] == pytest.approx(1 - 0.1 * 0.1 - 0.1, abs=1e-5)


TORCHS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "rmsprop": torch.optim.RMSprop}


@pytest.mark.parametrize("kind", TORCHS)
def test_updates_are_those_of_torchs_optimisers_and_go_on_from_their_state(kind: str) -> None:
    torch.manual_seed(0)
    starts = [torch.randn(5, 3), torch.randn(4), torch.randn(2)]
    ours, theirs, later = ([torch.nn.Parameter(start.clone()) for start in starts] for _ in range(3))
    trainer = changed(optimizer=kind, weight_decay=0.01)
    own = {"alpha": 0.9} if kind == "rmsprop" else {"betas": (0.9, 0.999), "fused": True}
    one, other = Optimiser(ours, trainer), TORCHS[kind](theirs, 0.1, eps=1e-7, weight_decay=0.01, **own)
    resumed = Optimiser(later, trainer)
    for update in range(6):
        for p, q, r in zip(ours[: 2 + update % 2], theirs, later, strict=False):  # the last has no gradient at first
            p.grad, q.grad, r.grad = (torch.randn(p.shape).clone(),) * 3
        for group in other.param_groups:
            one.rate = resumed.rate = group["lr"] = 0.1 / (update + 1)
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
    adam = Optimiser([p], TRAINER)
    adam.step()
    with pytest.raises(LookupError):
        Optimiser([p], changed(optimizer="rmsprop")).load_state_dict(adam.state_dict())
    with pytest.raises(LookupError):
        Optimiser([], TRAINER).load_state_dict(adam.state_dict())
