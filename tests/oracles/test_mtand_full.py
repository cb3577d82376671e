"""mTAND-Full: sizes, a transcription of model and loss, and what must not change an answer."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from ltcbench import models
from ltcbench.models.cells import variational
from ltcbench.models.cells.latent import Sequences

BATCH, STEPS, FEATURES, POINTS, LATENT = 3, 6, 2, 4, 3


def network(**options: Any) -> models.Network:
    torch.manual_seed(0)
    small = {"reference_points": POINTS, "time_units": 8, "decoder_units": 3, "head_units": 7, "latent_size": LATENT}
    net = models.build("mtand_full", FEATURES, 5, 2, feature_mask=True, **small | options).double().eval()
    net.cell.calibrate_(None, torch.tensor(4.0).double())
    return net


def observations() -> tuple[Tensor, Tensor, Tensor]:
    """Values, 0 where they are missing, their mask, and elapsed times; one feature of one series is never observed."""
    random = torch.Generator().manual_seed(3)
    m = torch.rand(BATCH, STEPS, FEATURES, generator=random) < 0.6
    m[:, 0, 0] = True
    m[0, :, 1] = False
    x = torch.randn(BATCH, STEPS, FEATURES, generator=random, dtype=torch.float64) * m
    return x, m, 0.1 + torch.rand(BATCH, STEPS, generator=random, dtype=torch.float64)


def test_sizes_of_the_authors() -> None:
    net = models.build("mtand_full", 41, 256, 2, feature_mask=True)
    cell: Any = net.cell
    encoder = cell.embed, cell.attend, cell.encoder, cell.latent
    decoder = cell.decoder, cell.embed_back, cell.attend_back, cell.observe
    classifier = cell.summarise, net.head, net.readout
    sizes = [sum(p.numel() for part in parts for p in part.parameters()) for parts in (encoder, decoder, classifier)]
    assert sizes == [871_722, 72_121, 381_506] and net.size() == 1_325_349


def one_gru(gru: torch.nn.GRU, inputs: list[Tensor], suffix: str = "") -> list[Tensor]:
    """States of one direction of a GRU, step by step."""
    step = torch.nn.GRUCell(gru.input_size, gru.hidden_size).double()
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    step.load_state_dict({name: getattr(gru, f"{name}_l0{suffix}") for name in names})
    h, states = torch.zeros(gru.hidden_size, dtype=torch.float64), []
    for x in inputs:
        h = step(x, h)
        states.append(h)
    return states


def both_ways(gru: torch.nn.GRU, inputs: list[Tensor]) -> list[Tensor]:
    back = one_gru(gru, inputs[::-1], "_reverse")[::-1]
    return [torch.cat(pair) for pair in zip(one_gru(gru, inputs), back, strict=True)]


def attended(layer: Any, query: Tensor, keys: Tensor, values: Tensor, masks: Tensor) -> Tensor:
    """One query (width,), keys (n, width), channel by channel over the values (n, C) with a mask."""
    q, k = layer.query(query), layer.key(keys)
    found = []
    for c in range(values.shape[1]):
        seen = masks[:, c] > 0
        weights = torch.softmax(k[seen] @ q / math.sqrt(len(q)), 0)
        found.append((weights * values[seen, c]).sum() if seen.any() else values.new_zeros(()))
    result: Tensor = layer.out(torch.stack(found))
    return result


def transcribed(net: models.Network, x: Tensor, m: Tensor, t: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Logits, ll and KL of one series x, m (T, D), t (T,), with noise (K, Z), number by number."""
    cell: Any = net.cell
    r, t = torch.linspace(0, 1, POINTS).double(), t / 4
    both, masks = torch.cat([x, m], 1), torch.cat([m, m], 1)
    found = [attended(cell.attend, cell.embed(rk), cell.embed(t), both, masks) for rk in r]
    mu, log_variance = cell.latent(torch.stack(both_ways(cell.encoder, found))).chunk(2, dim=1)
    z = mu + torch.exp(log_variance / 2) * noise
    logits = net.readout(net.head(one_gru(cell.summarise, list(z))[-1]))  # type: ignore[misc]
    states = torch.stack(both_ways(cell.decoder, list(z)))
    ll, kl, number = 0.0, 0.0, 0
    for i in range(len(x)):
        query = cell.embed_back(t[i])
        x_hat = cell.observe(attended(cell.attend_back, query, cell.embed_back(r), states, torch.ones_like(states)))
        for d in range(FEATURES):
            if m[i, d]:
                ll, number = ll + Normal(x_hat[d], 0.01).log_prob(x[i, d]), number + 1
    for k in range(POINTS):
        for j in range(LATENT):
            kl = kl + kl_divergence(Normal(mu[k, j], torch.exp(log_variance[k, j] / 2)), Normal(0.0, 1.0))
    return logits, ll / number, kl / number  # type: ignore[return-value]


@pytest.mark.parametrize("epoch", [0, 10, 40])
def test_answer_and_loss_are_those_of_plain_loops(epoch: int) -> None:
    net = network(elbo=0.01).train()
    x, m, elapsed = observations()
    torch.manual_seed(7)
    y, state = net(x, elapsed=elapsed, mask=m)
    own = net.auxiliary(state, epoch)
    torch.manual_seed(7)
    noise = torch.randn(BATCH, POINTS, LATENT, dtype=torch.float64)
    kappa = 0 if epoch < 10 else 1 - 0.99 ** (epoch - 10)
    recs = []
    for b in range(BATCH):
        logits, ll, kl = transcribed(net, x[b], m[b].double(), elapsed[b].cumsum(0), noise[b])
        torch.testing.assert_close(y[b, -1], logits)
        recs.append(-torch.log(torch.exp(ll - kappa * kl - ll.detach())) - ll.detach())
    assert own is not None
    torch.testing.assert_close(own, 0.01 * sum(recs) / BATCH)


def test_means_are_read_in_a_test_unless_draws_are_pooled() -> None:
    x, m, elapsed = observations()
    for pooled in (False, True):
        net = network(pooled=pooled)
        first, second = (net(x, elapsed=elapsed, mask=m)[0] for _ in range(2))
        assert torch.equal(first, second) != pooled
    expected = transcribed(net, x[0], m[0].double(), elapsed[0].cumsum(0), torch.zeros(POINTS, LATENT))[0]
    torch.testing.assert_close(network()(x, elapsed=elapsed, mask=m)[0][0, -1], expected)


def terms(x: Tensor, m: Tensor, t: Tensor) -> tuple[Tensor, ...]:
    """Output, ll and KL in training, with the same draws at every call."""
    net = network().train()
    torch.manual_seed(7)
    x, m, t = x.transpose(0, 1), m.double().transpose(0, 1), t.t() / 4
    found: tuple[Tensor, ...] = net.cell.decoded(Sequences(x, m, t, m.any(2), torch.ones(()).double()))
    return found


def test_neither_order_nor_padding_of_the_observations_matters() -> None:
    x, m, elapsed = observations()
    t = elapsed.cumsum(1)
    plain = terms(x, m, t)
    order = torch.randperm(STEPS, generator=torch.Generator().manual_seed(1))
    reordered = terms(x[:, order], m[:, order], t[:, order])
    longer = (torch.cat([part, torch.zeros_like(part[:, :2])], 1) for part in (x, m))
    padded = terms(*longer, torch.cat([t, t[:, :2]], 1))
    for found in (reordered, padded):
        for a, b in zip(found, plain, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("batch", "steps", "features"), [(0, 3, 2), (1, 1, 1), (1, 4, 2), (3, 1, 1)])
@pytest.mark.parametrize("observed", [True, False])
def test_small_batches_and_nothing_observed(batch: int, steps: int, features: int, observed: bool) -> None:
    net = models.build("mtand_full", features, 4, 2, feature_mask=True, reference_points=3, time_units=4).train()
    x, m = torch.randn(batch, steps, features), torch.full((batch, steps, features), observed)
    y, state = net(x, mask=m)
    own = net.auxiliary(state, 20)
    assert own is not None and y.shape == (batch, steps, 2)
    if batch:
        (y.square().sum() + own).backward()
        assert torch.isfinite(own) and torch.isfinite(y).all()
        assert all(p.grad is None or torch.isfinite(p.grad).all() for p in net.parameters())


def test_a_series_without_observations_has_no_likelihood() -> None:
    x, x_hat, m = torch.randn(2, 1, 3), torch.randn(2, 1, 3), torch.zeros(2, 1, 3)
    assert variational.log_likelihood_per_value(x, x_hat, m).tolist() == [[0]]
    mu, sigma = torch.ones(1, 2, 2), torch.ones(1, 2, 2)
    assert variational.divergence_per_value(mu, sigma, m).tolist() == [2]
    assert variational.divergence_per_value(mu, sigma, torch.ones(2, 1, 3)).tolist() == pytest.approx([2 / 6])


def test_without_a_weight_nothing_is_reconstructed() -> None:
    net = network(elbo=0.0).train()
    x, m, elapsed = observations()
    y, state = net(x, elapsed=elapsed, mask=m)
    assert net.auxiliary(state, 20) is None and state[-2].shape == (BATCH, 0)
    y.square().sum().backward()
    assert all(p.grad is None for p in net.cell.decoder.parameters())  # type: ignore[operator,union-attr]
