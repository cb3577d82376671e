"""Models that see a sequence as a set of observations, against transcriptions and closed forms."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ltcbench import models
from ltcbench.models.cells import interpolation
from ltcbench.models.cells.interpolation import Interpolation
from ltcbench.models.cells.time_attention import TimeAttention, TimeEmbedding

SETS = ["mtand", "ip_nets", "seft"]  # others read observations in the order of their times
WHOLE = [name for name, entry in models.MODELS.items() if entry.cell.whole]
BATCH, STEPS, FEATURES = 3, 7, 4


def network(name: str, **options: Any) -> models.Network:
    torch.manual_seed(0)
    net = models.build(name, FEATURES, 6, 2, feature_mask=True, **options).double().eval()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    net.cell.calibrate_(torch.randn(FEATURES).double(), torch.tensor(4.0).double())
    return net


def observations(batch: int = BATCH, steps: int = STEPS) -> tuple[Tensor, Tensor, Tensor]:
    """Values, 0 where they are missing, their mask, and elapsed times; one feature is never observed."""
    random = torch.Generator().manual_seed(3)
    m = torch.rand(batch, steps, FEATURES, generator=random) < 0.5
    m[:, 0, 0] = True
    m[0, :, 1] = False
    x = torch.randn(batch, steps, FEATURES, generator=random, dtype=torch.float64) * m
    return x, m, 0.1 + torch.rand(batch, steps, generator=random, dtype=torch.float64)


@pytest.mark.parametrize("name", SETS)
def test_the_order_of_observations_does_not_matter(name: str) -> None:
    x, m, elapsed = observations()
    t = elapsed.cumsum(1)
    cell = network(name).cell
    order = torch.randperm(STEPS, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(
        cell.summary(x[:, order], m[:, order].double(), t[:, order]), cell.summary(x, m.double(), t), rtol=0, atol=1e-12
    )


@pytest.mark.parametrize("name", WHOLE)
def test_one_answer_whatever_else_is_in_the_batch_and_behind_the_end(name: str) -> None:
    net = network(name)
    x, m, elapsed = observations()
    m[1, 4:] = False
    y, _ = net(x, elapsed=elapsed, mask=m)
    assert torch.equal(y, y[:, :1].expand_as(y))
    alone, _ = net(x[1:2, :4], elapsed=elapsed[1:2, :4], mask=m[1:2, :4])
    torch.testing.assert_close(y[1, -1], alone[0, -1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", WHOLE)
def test_a_sequence_without_any_observation(name: str) -> None:
    net = network(name).train()
    x, m, elapsed = observations()
    m[0] = False
    y, _ = net(x, elapsed=elapsed, mask=m)
    y.square().sum().backward()
    assert torch.isfinite(y).all()
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in net.parameters())


@pytest.mark.parametrize("name", WHOLE)
def test_calibration_tells_how_long_a_sequence_lasts(name: str) -> None:
    net = models.build(name, 1, 3)
    elapsed = torch.tensor([[1.0, 2, 3], [1, 1, 9]])
    net.calibrate_(torch.zeros(2, 3, 1), torch.tensor([[1, 1, 1], [1, 1, 0]]), elapsed)
    assert net.cell.span == 6
    net.calibrate_(torch.zeros(2, 3, 1), None, -elapsed)
    assert net.cell.span == -11
    net.calibrate_(torch.zeros(2, 3, 1), None, 0 * elapsed)
    assert net.cell.span == 1


def authors_attention(layer: TimeAttention, query: Tensor, key: Tensor, x: Tensor, m: Tensor) -> Tensor:
    """With the tensor of all heads, queries, times and channels, and -1e9 where nothing was observed."""
    values, masks = torch.cat([x, m], 2), torch.cat([m, m], 2)
    heads = layer.heads
    q = layer.query(query).unflatten(-1, (heads, -1)).movedim(-2, 0)  # (h, K, e)
    k = layer.key(key).unflatten(-1, (heads, -1)).transpose(1, 2)  # (B, h, T, e)
    scores = torch.einsum("hke,bhte->bhkt", q, k) / math.sqrt(q.shape[-1])
    full = scores.unsqueeze(-1).repeat(1, 1, 1, 1, values.shape[2])
    full = full.masked_fill(masks[:, None, None] == 0, -1e9)
    attended = (full.softmax(-2) * values[:, None, None]).sum(-2)  # (B, h, K, 2 D)
    result: Tensor = layer.out(torch.cat(list(attended.unbind(1)), dim=-1))
    return result


@pytest.mark.parametrize("heads", [1, 2])
def test_attention_without_the_large_tensor(heads: int) -> None:
    torch.manual_seed(0)
    embed = TimeEmbedding(8).double()
    layer = TimeAttention(8, heads, 2 * FEATURES, 5).double()
    x, m, elapsed = observations()
    query, key = embed(torch.linspace(0, 1, 6).double()), embed(elapsed.cumsum(1) / 5)
    ours, theirs = layer(query, key, x, m.double()), authors_attention(layer, query, key, x, m.double())
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-14)
    parameters = [p for name, p in layer.named_parameters() if name != "key.bias"]  # which softmax takes away
    for a, b in zip(*(torch.autograd.grad(y.square().sum(), parameters) for y in (ours, theirs)), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-12)


def test_attention_without_a_mask_is_torchs() -> None:
    layer = TimeAttention(8, 2, 5, 3).double()
    query, key, values = torch.randn(2, 4, 8).double(), torch.randn(2, 6, 8).double(), torch.randn(2, 6, 5).double()
    q, k = (part.unflatten(2, (2, 4)).transpose(1, 2) for part in (layer.query(query), layer.key(key)))
    each = torch.nn.functional.scaled_dot_product_attention(q, k, values[:, None].expand(2, 2, 6, 5))
    torch.testing.assert_close(layer(query, key, values), layer.out(each.transpose(1, 2).flatten(2)))


def test_attention_without_a_query_is_the_mean_of_what_was_observed() -> None:
    layer = TimeAttention(8, 1, 2 * FEATURES, 2 * FEATURES).double()
    with torch.no_grad():
        layer.query.weight.zero_()
        layer.query.bias.zero_()
        layer.out.weight.copy_(torch.eye(2 * FEATURES))
        layer.out.bias.zero_()
    x, m, _ = observations()
    z = layer(torch.randn(3, 8).double(), torch.randn(BATCH, STEPS, 8).double(), x, m.double())
    expected = torch.cat([x.sum(1) / m.sum(1).clamp(min=1), m.any(1).double()], dim=1)
    torch.testing.assert_close(z, expected[:, None].expand_as(z))


def test_embedding_of_times() -> None:
    embed = TimeEmbedding(128)
    t = torch.tensor([[0.25, 1.0]])
    found = embed(t)
    assert found.shape == (1, 2, 128)
    w, a = embed.periodic.weight[:, 0], embed.periodic.bias
    torch.testing.assert_close(found[0, 0, 1:], torch.sin(0.25 * w + a))
    assert found[0, 1, 0] == embed.linear.weight[0, 0] + embed.linear.bias[0]
    assert w.abs().max() <= 1 and w.std() > 0.5


def test_mtand_is_attention_then_a_gru_then_its_head() -> None:
    net = network("mtand", reference_points=5, time_units=8, head_units=7)
    x, m, elapsed = observations()
    cell = net.cell
    r = torch.linspace(0, 1, 5).double()
    z = authors_attention(cell.attend, cell.embed(r), cell.embed(elapsed.cumsum(1) / 4), x, m.double())
    h = torch.zeros(BATCH, 6, dtype=torch.float64)
    step = torch.nn.GRUCell(6, 6).double()
    step.load_state_dict({key.removesuffix("_l0"): value for key, value in cell.gru.state_dict().items()})
    for k in range(5):
        h = step(z[:, k], h)
    hidden = torch.relu(net.head[2](torch.relu(net.head[0](h))))
    torch.testing.assert_close(net(x, elapsed=elapsed, mask=m)[0][:, -1], net.readout(hidden))


def test_mtand_at_every_step() -> None:
    """Queries are the moments with an observation, over which the GRU runs; others repeat the last output."""
    net = network("mtand", time_units=8, causal_ok=True)
    x, m, elapsed = observations()
    m[:, 2] = False
    cell, times = net.cell, net.cell.embed(elapsed.cumsum(1) / 4)
    y, _ = net(x, elapsed=elapsed, mask=m)
    for i in range(BATCH):
        seen = m[i].any(1)
        key = times[i : i + 1, seen]
        values, mask = x[i : i + 1, seen], m[i : i + 1, seen].double()
        z = authors_attention(cell.attend, key[0], key, values, mask)
        expected = net.readout(cell.gru(z.transpose(0, 1))[0])[:, 0]
        torch.testing.assert_close(y[i, seen], expected)
    torch.testing.assert_close(y[:, 2], y[:, 1])
    changed = x.clone()
    changed[:, -1] += 1
    assert (net(changed, elapsed=elapsed, mask=m)[0] - y)[:, 0].abs().max() > 1e-6, "it looks at later steps"


def test_mtand_sizes_of_the_authors() -> None:
    assert models.build("mtand", 41, 128, 2, feature_mask=True).size() == 272_578
    assert models.build("mtand", 12, 512, 11, feature_mask=True, causal_ok=True).size() == 1_627_659


def smoothed(x: list[float], t: list[float], r: list[float], theta: float = 0.0) -> tuple[list[float], ...]:
    layer = Interpolation(1, theta).double()
    values, times, points = (torch.tensor(part, dtype=torch.float64) for part in (x, t, r))
    found = layer.smoothed(values.view(1, -1, 1), torch.ones(1, len(x), 1), times.view(1, -1), points)
    sigma, log_lambda, gamma = (part.flatten() for part in found)
    return sigma.tolist(), log_lambda.exp().tolist(), gamma.tolist()


def test_interpolation_has_the_printed_values() -> None:
    sigma, intensity, gamma = smoothed([2, 4, 0], [0, 1, 3], [0, 1.5, 3])
    assert sigma == pytest.approx([2.6632, 3, 0.23853], abs=5e-5)
    assert intensity == pytest.approx([1.50195, 1.26134, 1.06445], abs=5e-6)
    assert gamma == pytest.approx([2.00195, 3.99999, 0], abs=5e-6)


def test_interpolation_of_one_observation_and_of_the_nearest() -> None:
    sigma, _, gamma = smoothed([1.5], [2.0], [0, 10, 1000])
    assert sigma == gamma == [1.5, 1.5, 1.5]
    sigma, _, _ = smoothed([2, 4, 0], [0, 1, 3], [0.4, 1.9, 2.1, 500.0], theta=1000.0)
    assert sigma == pytest.approx([2, 4, 0, 0])


def test_interpolation_across_features() -> None:
    layer = Interpolation(FEATURES, 0.3).double()
    x, m, elapsed = observations()
    r = torch.linspace(0, 4, 5).double()
    sigma, log_lambda, _ = layer.smoothed(x, m, elapsed.cumsum(1), r)
    mu, weight = sigma.mean(1, keepdim=True), log_lambda.exp()
    with torch.no_grad():
        layer.C.normal_()
    expected = torch.einsum("bkd,de->bke", weight / weight.sum(2, keepdim=True) * (sigma - mu), layer.C) + mu
    chi, intensity, sharp = layer(x, m, elapsed.cumsum(1), r)
    torch.testing.assert_close(chi, expected)
    torch.testing.assert_close(intensity, weight)
    torch.testing.assert_close(sharp + chi, layer.smoothed(x, m, elapsed.cumsum(1), r)[2])
    with torch.no_grad():
        layer.C.zero_()
    assert torch.equal(layer.crossed(sigma, log_lambda), mu.expand_as(sigma))


def test_interpolation_is_nadaraya_watson_feature_by_feature() -> None:
    layer = Interpolation(FEATURES, 0.3).double()
    layer.mean.copy_(torch.arange(FEATURES))
    x, m, elapsed = observations()
    t, alpha = elapsed.cumsum(1), math.log(1 + math.exp(layer.theta[0].item()))
    r = torch.linspace(0, 4, 5).double()
    for ours, sharpness in zip(layer.smoothed(x, m, t, r)[::2], (1, 10), strict=True):
        for b, d, k in np.ndindex(BATCH, FEATURES, 5):
            seen = m[b, :, d]
            times, values = t[b, seen].tolist(), x[b, seen, d].tolist()
            if not times:
                times, values = [0.0], [float(d)]  # the mean over all data, at time 0
            w = [math.exp(-sharpness * alpha * (r[k].item() - time) ** 2) for time in times]
            expected = sum(a * v for a, v in zip(w, values, strict=True)) / sum(w)
            assert ours[b, k, d].item() == pytest.approx(expected, abs=1e-12)


def test_interpolation_series_by_series_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    net = network("ip_nets", reference_points=5)
    x, m, elapsed = observations()

    def numbers() -> list[Tensor]:
        net.zero_grad()
        y, _ = net(x, elapsed=elapsed, mask=m)
        y.square().sum().backward()
        return [y.detach(), *(p.grad.clone() for p in net.parameters() if p.grad is not None)]

    at_once = numbers()
    monkeypatch.setattr(interpolation, "KERNELS", 1)
    for a, b in zip(numbers(), at_once, strict=True):
        torch.testing.assert_close(a, b)


def seft_of_the_authors(net: models.Network, x: Tensor, m: Tensor, t: Tensor, psi: Any) -> Tensor:
    """Element by element, with the summary of the set in the keys."""
    cell, outputs = net.cell, []
    for b in range(len(x)):
        elements = []
        for p, d in zip(*np.nonzero(m[b].numpy()), strict=True):
            time = t[b, p].item()
            one_hot = [float(d == other) for other in range(FEATURES)]
            phases = [time / 1.0, time / cell.longest]  # tau = longest^0 and longest^1
            encoded = [*map(math.sin, phases), *map(math.cos, phases)]
            elements.append([*encoded, x[b, p, d].item(), *one_hot])
        s = torch.tensor(elements, dtype=torch.float64)
        g = torch.relu(psi.summary(psi.each(s).mean(0))).expand(len(s), -1)
        phi = cell.phi(cell.first(s))
        heads = []
        for k in range(cell.heads):
            joint = torch.cat([cell.W[k], psi.keys[k]], dim=1)
            scores = torch.cat([s, g], dim=1) @ joint.t() @ cell.q[k] / math.sqrt(128)
            heads.append((torch.softmax(scores, 0).unsqueeze(1) * phi).sum(0))
        outputs.append(torch.cat(heads))
    return torch.stack(outputs)


class Psi(torch.nn.Module):
    """The network of the set's summary, and the part of the keys that belongs to it."""

    def __init__(self, element: int, heads: int) -> None:
        super().__init__()
        widths = [element, 64, 64, 128]
        layers = [(torch.nn.Linear(a, b), torch.nn.ReLU()) for a, b in pairwise(widths)]
        self.each = torch.nn.Sequential(*(part for layer in layers for part in layer))
        self.summary = torch.nn.Linear(128, 128)
        self.keys = torch.nn.Parameter(torch.randn(heads, 128, 128) / 10)


def test_seft_and_that_the_sets_summary_has_no_effect() -> None:
    net = network("seft", heads=2, phi_units=5, longest=50.0)
    x, m, elapsed = observations()
    psi = Psi(5 + FEATURES, 2).double()
    theirs = seft_of_the_authors(net, x, m, elapsed.cumsum(1), psi)
    ours = net.cell.summary(x, m.double(), elapsed.cumsum(1))
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)  # 1e-7 in the denominator
    gradients = torch.autograd.grad(theirs.square().sum(), list(psi.parameters()), allow_unused=True)
    assert all(g is None or g.abs().max() < 1e-12 for g in gradients)


def test_seft_begins_with_the_mean_over_the_set() -> None:
    torch.manual_seed(0)
    net = models.build("seft", FEATURES, 6, 2, feature_mask=True).double().eval()
    x, m, elapsed = observations(1, 4)
    t, cell = elapsed.cumsum(1), net.cell
    each = []
    for p, d in m[0].nonzero().tolist():
        alone = torch.zeros_like(m)
        alone[0, p, d] = True
        each.append(cell.summary(x, alone, t)[0])  # a set of one gives phi itself
    torch.testing.assert_close(each[0][:6], each[0][6:12])
    torch.testing.assert_close(cell.summary(x, m, t)[0], torch.stack(each).mean(0), rtol=0, atol=1e-6)


def test_seft_leaves_observations_out_in_training_only() -> None:
    net = network("seft", attention_dropout=0.5)
    x, m, elapsed = observations()
    first, second = (net.train()(x, elapsed=elapsed, mask=m)[0] for _ in range(2))
    assert not torch.equal(first, second)
    first, second = (net.eval()(x, elapsed=elapsed, mask=m)[0] for _ in range(2))
    assert torch.equal(first, second)


def test_seft_first_values() -> None:
    cell = models.build("seft", 41, 128).cell
    for weight, fan in ((cell.first.weight, 46), (cell.phi[-2].weight, 32), (cell.W, 46 + 128)):
        assert 0.9 * math.sqrt(6 / fan) < weight.abs().max() <= math.sqrt(6 / fan)
    assert not cell.q.any() and not cell.first.bias.any()
