"""Skip LSTM: where it is an LSTM, when it skips, and the gradient of its gate."""

import math

import numpy as np
import torch
from torch import Tensor

from ltcbench import models

from .compare import assert_same, sequences
from .transcription import STEPS, Array, assert_follows, dot, joint, lstm, network, sigmoid


def skipping(weight: float, bias: float) -> models.Network:
    torch.manual_seed(0)
    net = models.build("skip_lstm", 2, 3).double()
    with torch.no_grad():
        net.cell.increment.weight.fill_(weight)
        net.cell.increment.bias.fill_(bias)
    return net


def test_without_a_chance_to_skip_it_is_an_lstm() -> None:
    net, plain = skipping(0, 50), models.build("lstm", 2, 3).double()
    x, _ = sequences(2, 6, 2)
    gates = {f"cell.gates.{key}": value for key, value in net.cell.gates.named_parameters()}
    expected: Tensor = torch.func.functional_call(plain, gates, (x,))[0]
    assert_same(net(x)[0], expected, [x, *net.cell.gates.parameters()])


def test_with_even_chances_it_takes_every_other_step() -> None:
    net = skipping(0, 0)
    x, _ = sequences(1, 7, 2)
    y = net(x)[0][0]
    changed = [bool((y[t] != (y[t - 1] if t else 0)).any()) for t in range(7)]
    assert changed == [True, False, True, False, True, False, True]


def test_it_follows_the_paper() -> None:
    net, p = network("skip_lstm")
    with torch.no_grad():
        net.cell.increment.bias.fill_(-0.6)
    W, b = joint(p, "gates")

    def sample(x: Array, elapsed: Array, _: Array) -> list[Array]:
        h, c, u, d = p["h_0"], p["c_0"], 0.0, 1.0
        outputs = []
        for t in range(STEPS):
            h_new, c_new = lstm(W, b, x[t], h, c, 1.0)
            u = u + min(d, 1 - u)
            if np.round(u) == 1:
                h, c, d, u = h_new, c_new, sigmoid(dot(p["increment.weight"][0], c_new) - 0.6), 0.0
            outputs.append(h)
        return outputs

    assert_follows(net, sample)


def test_the_gradient_of_the_gate_is_that_of_the_probability() -> None:
    """d h / d p' = h' - h, as if the gate were p' itself."""
    net = skipping(0, 0)
    cell = net.cell
    h, c = torch.randn(2, 1, 3, dtype=torch.float64)
    drive = cell.drive(torch.randn(1, 1, 2, dtype=torch.float64))
    for p_start, taken in ((0.2, False), (0.6, True)):
        p = torch.tensor([[p_start]], dtype=torch.float64, requires_grad=True)
        d = torch.full_like(p, 0.1)
        out, _, p_after, _ = cell.step((h, c, p, d), (drive[0][0],), d)
        always = cell.step((h, c, torch.zeros_like(d), torch.ones_like(d)), (drive[0][0],), d)[0]
        assert torch.equal(out, always if taken else h)
        (gradient,) = torch.autograd.grad(out.sum(), p, retain_graph=True)
        assert math.isclose(gradient.item(), (always - h).sum().item(), rel_tol=1e-12)
        (gradient,) = torch.autograd.grad(p_after.sum(), p)  # of (1 - o) p' with o = p' in the gradient
        o = float(taken)
        assert math.isclose(gradient.item(), (1 - o) - (p_start + 0.1), rel_tol=1e-12)


def test_the_first_state_is_trained_and_the_size_is_the_papers() -> None:
    cell = models.build("skip_lstm", 300, 128).cell
    first = cell.h_0.numel() + cell.c_0.numel()
    assert sum(p.numel() for p in cell.parameters()) - first == 219_777
    net = models.build("skip_lstm", 2, 3)
    net(torch.randn(2, 4, 2))[0].sum().backward()
    assert net.cell.h_0.grad.any() and net.cell.c_0.grad.any()


def test_dropout_stands_before_the_read_out() -> None:
    net = models.build("skip_lstm", 2, 3, 1, dropout=0.5)
    x = torch.randn(4, 3, 2)
    assert not torch.equal(net(x)[0], net(x)[0])
    net.eval()
    assert torch.equal(net(x)[0], net(x)[0])
